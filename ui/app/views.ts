/** The views: one line each. A view is loaded when it is first shown. */

import type { PageRole } from '@penstock/core/messages';
import { type ComponentType, lazy } from 'react';
import type { IconName } from '../parts/icon.tsx';

export interface View {
  readonly id: string;
  readonly icon: IconName;
  /** Single key that goes there. */
  readonly keys: string;
  /** Only for this role; for everybody when left out. */
  readonly role?: PageRole;
  readonly component: ComponentType;
}

const VIEWS: readonly View[] = [
  { id: 'plant', icon: 'plant', keys: '1', component: lazy(() => import('../views/plant/index.tsx')) },
  { id: 'process', icon: 'process', keys: '2', component: lazy(() => import('../views/process/index.tsx')) },
  { id: 'network', icon: 'network', keys: '3', component: lazy(() => import('../views/network/index.tsx')) },
  { id: 'alarms', icon: 'alarms', keys: '4', component: lazy(() => import('../views/alarms/index.tsx')) },
  { id: 'logic', icon: 'logic', keys: '5', component: lazy(() => import('../views/logic/index.tsx')) },
  { id: 'packets', icon: 'packets', keys: '6', component: lazy(() => import('../views/packets/index.tsx')) },
  { id: 'trends', icon: 'trends', keys: '7', component: lazy(() => import('../views/trends/index.tsx')) },
  {
    id: 'attack',
    icon: 'attack',
    keys: '8',
    role: 'instructor',
    component: lazy(() => import('../views/attack/index.tsx')),
  },
];

export const viewsFor = (role: PageRole): readonly View[] =>
  VIEWS.filter((view) => view.role === undefined || view.role === role);
