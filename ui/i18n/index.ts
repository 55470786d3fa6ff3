/** The page's sentences. English is complete; what another language lacks falls back to it. */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import de from './de.json';
import en from './en.json';

const LANGUAGES = ['en', 'de'] as const;
const KEY = 'penstock.language';

export async function startLanguage(): Promise<void> {
  const wanted = localStorage.getItem(KEY) ?? navigator.language.slice(0, 2);
  await i18next.use(initReactI18next).init({
    resources: { en: { translation: en }, de: { translation: de } },
    lng: LANGUAGES.some((language) => language === wanted) ? wanted : 'en',
    fallbackLng: 'en',
    interpolation: { escapeValue: false },
  });
  document.documentElement.lang = i18next.language;
}

export async function nextLanguage(): Promise<void> {
  const next = LANGUAGES[(LANGUAGES.indexOf(i18next.language as 'en') + 1) % LANGUAGES.length] as string;
  localStorage.setItem(KEY, next);
  await i18next.changeLanguage(next);
  document.documentElement.lang = next;
}
