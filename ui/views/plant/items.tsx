/** Everything on the stage as a list: for the keyboard, for screen readers, and for finding what stands behind something. */
import type { LineSpec, SceneSpec } from '@penstock/core/scene';
import { useTranslation } from 'react-i18next';
import { refine } from '../../app/route.ts';
import { shown } from '../../parts/number.ts';
import { Value } from '../../parts/value.tsx';
import { useRange } from '../../store/range.ts';

/** What has tags of its own: equipment and overhead lines. */
export const selectable = (scene: SceneSpec | undefined): readonly Pick<LineSpec, 'id' | 'name' | 'area' | 'tags'>[] =>
  scene === undefined ? [] : [...scene.equipment, ...scene.lines];

export function Items({ scene, chosen }: { scene: SceneSpec; chosen: string | undefined }) {
  const { t } = useTranslation();
  const areas = useRange((state) => state.areas);
  const tagById = useRange((state) => state.tagById);
  return (
    <nav className="items" aria-label={t('plant.items')}>
      {areas.map((area) => {
        const items = selectable(scene).filter((item) => item.area === area.id && item.tags.length > 0);
        if (items.length === 0) return null;
        return (
          <details key={area.id} open={items.some(({ id }) => id === chosen) || undefined}>
            <summary>{area.name}</summary>
            <ul>
              {items.map((item) => {
                const tag = tagById.get(item.tags[0] as string);
                return (
                  <li key={item.id}>
                    <button
                      type="button"
                      aria-current={item.id === chosen || undefined}
                      onClick={() => refine({ item: item.id, tag: tag?.id, at: undefined })}
                    >
                      <span>{item.name}</span>
                      {tag && (
                        <>
                          <small>{shown(tag.id)}</small>
                          <Value tag={tag} />
                        </>
                      )}
                    </button>
                  </li>
                );
              })}
            </ul>
          </details>
        );
      })}
    </nav>
  );
}
