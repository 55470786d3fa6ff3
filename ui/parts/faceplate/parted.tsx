/** For the instructor: a line that says where a value is made false, while it is. */
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Tag } from '../../store/range.ts';
import { values } from '../../store/values.ts';

/** Values part when they are further from each other than this share of the range. */
const APART = 0.02;

export function Parted({ tag }: { tag: Tag }) {
  const { t } = useTranslation();
  const box = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    const element = box.current as HTMLParagraphElement;
    const show = () => {
      const value = values.of(tag.id);
      const limit = APART * (tag.range[1] - tag.range[0]);
      const link = Math.abs(value.displayed - values.held(values.place(tag.id))) > limit;
      const sensor = Math.abs(value.measured - value.true) > limit;
      const text = link ? t('faceplate.linkLies') : sensor ? t('faceplate.sensorLies') : '';
      if (element.textContent !== text) element.textContent = text;
    };
    show();
    return values.listen(show);
  }, [tag, t]);
  return <p className="parted" role="status" ref={box} />;
}
