/** The plant in 3D, a list that mirrors it, and the faceplate of what is selected. */
import type { SceneSpec } from '@penstock/core/scene';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { go, refine, useRoute } from '../../app/route.ts';
import { onTheme, theme } from '../../app/theme.ts';
import { type Command, useCommands } from '../../commands/registry.ts';
import { Faceplate } from '../../parts/faceplate/index.tsx';
import { TagPicker } from '../../parts/tag-picker.tsx';
import { useApi } from '../../parts/use-api.ts';
import type { Stage } from '../../scene/index.ts';
import { useRange } from '../../store/range.ts';
import { values } from '../../store/values.ts';
import { Items, selectable } from './items.tsx';
import { Legend } from './legend.tsx';
import './plant.css';
import { stageValues } from './stage-values.ts';

export default function PlantView() {
  const { t } = useTranslation();
  const { query } = useRoute();
  const { data: scene, failure } = useApi<SceneSpec>('scene');
  const tagById = useRange((state) => state.tagById);
  const [stage, setStage] = useState<Stage | undefined>(undefined);
  const [without, setWithout] = useState<string | undefined>(undefined);
  const [folded, setFolded] = useState(false);
  const tag = query.tag === undefined ? undefined : tagById.get(query.tag);
  const itemOf = useCallback(
    (id: string) => selectable(scene).find((item) => item.id === id || item.tags.includes(id))?.id,
    [scene],
  );
  const item = query.item ?? (tag && itemOf(tag.id));
  useEffect(() => {
    if (!stage) return;
    stage.select(item ?? null);
    if (item !== undefined) stage.flyTo(item);
  }, [stage, item]);
  useEffect(() => {
    if (stage && query.at) stage.flyTo(query.at);
  }, [stage, query.at]);
  // Where there is no WebGL, or no scene, the process view takes the stage.
  useEffect(() => {
    if (without !== undefined || (failure !== undefined && !scene)) go('process', query.tag ? { tag: query.tag } : {});
  }, [without, failure, scene, query.tag]);
  useCommands(
    useMemo<readonly Command[]>(
      () => [
        {
          id: 'plant.fold',
          label: 'page.fold',
          group: 'view',
          icon: 'panel',
          keys: 'f',
          perform: () => setFolded((now) => !now),
        },
        ...(scene?.cameras ?? []).map((camera) => ({
          ...{ id: `plant.at.${camera.id}`, label: 'plant.flyTo', group: 'view' as const, icon: 'plant' as const },
          values: { place: camera.name },
          perform: () => refine({ at: camera.id, item: undefined, tag: undefined }),
        })),
      ],
      [scene],
    ),
  );
  return (
    <div className="plant-view" data-folded={folded || undefined}>
      <div className="stage">
        {scene ? (
          <Canvas
            scene={scene}
            onStage={setStage}
            onFail={setWithout}
            onPick={(id) => refine({ item: id ?? undefined, tag: firstTag(scene, id), at: undefined })}
          />
        ) : (
          <p className="waiting">{t('loading', { what: t('view.plant') })}</p>
        )}
        <nav className="presets" aria-label={t('plant.areas')}>
          {scene?.cameras.map((camera) => (
            <button
              key={camera.id}
              type="button"
              className="button"
              aria-pressed={query.at === camera.id}
              onClick={() => {
                refine({ at: camera.id, item: undefined, tag: undefined });
                stage?.flyTo(camera.id);
              }}
            >
              {camera.name}
            </button>
          ))}
        </nav>
        {scene && <Legend scene={scene} />}
      </div>
      <aside className="plant-panel" aria-label={t('plant.panel')}>
        <div className="plant-search">
          <TagPicker label={t('plant.search')} onPick={(id) => refine({ tag: id, item: undefined, at: undefined })} />
        </div>
        {tag && <Faceplate tag={tag} onClose={() => refine({ tag: undefined, item: undefined })} />}
        {scene && <Items scene={scene} chosen={item} />}
      </aside>
    </div>
  );
}

function Canvas({
  scene,
  onStage,
  onPick,
  onFail,
}: {
  scene: SceneSpec;
  onStage: (stage: Stage | undefined) => void;
  onPick: (id: string | null) => void;
  onFail: (reason: string) => void;
}) {
  const { t } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  const picked = useRef(onPick);
  picked.current = onPick;
  const role = useRange((state) => state.role);
  useEffect(() => {
    let stage: Stage | undefined;
    let ended = false;
    const endings: (() => void)[] = [];
    void import('../../scene/index.ts').then(({ createStage }) => {
      if (ended) return;
      const still = window.matchMedia('(prefers-reduced-motion: reduce)');
      try {
        stage = createStage(canvas.current as HTMLCanvasElement, scene, {
          truth: role === 'instructor',
          reducedMotion: still.matches,
          theme: theme(),
          onPick: (id) => picked.current(id),
          onHover: (id) => canvas.current?.toggleAttribute('data-hover', id !== null),
        });
      } catch (error) {
        onFail((error as Error).message);
        return;
      }
      const made = stage;
      const moved = () => made.setReducedMotion(still.matches);
      still.addEventListener('change', moved);
      const show = () => made.update(stageValues(values, useRange.getState()));
      show();
      endings.push(
        values.listen(show),
        onTheme((now) => made.setTheme(now)),
        () => still.removeEventListener('change', moved),
      );
      // For tests and for whoever wonders what a frame costs.
      Object.assign(window, { penstockStage: made });
      onStage(made);
    });
    return () => {
      ended = true;
      for (const end of endings) end();
      stage?.dispose();
      onStage(undefined);
    };
  }, [scene, role, onStage, onFail]);
  return <canvas ref={canvas} aria-label={t('plant.canvas')} />;
}

function firstTag(scene: SceneSpec, id: string | null): string | undefined {
  return selectable(scene).find((one) => one.id === id)?.tags[0];
}
