/** The API of a running range: everything that a page asks for, and all that people do from it. */
import {
  alarmRequest,
  attackRequest,
  fieldRequest,
  inSeconds,
  loadPid,
  loadScene,
  operateRequest,
  PenstockError,
  type PlantSpec,
  UsageError,
} from '@penstock/core';
import { checkOrder, type Order, positionsOf } from '@penstock/range';
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import type { z } from 'zod';
import { devicePage, logicOf, networkOf, onlineOf } from './devices.ts';
import { enter } from './entry.ts';
import type { LivePlay } from './live-play.ts';
import { MOST_ROWS } from './packets.ts';
import { instructorOnly, roleIn } from './roles.ts';
import { tagPage } from './tags.ts';

/** A body says little; anything larger is not one of ours. */
const LARGEST = '16kb';
const MOST_SAVED = 200_000;
const MOST_ALERTS = 1000;

export function apiRoutes(live: LivePlay): Router {
  const router = express.Router();
  const plant = () => live.play.range.spec;
  router.use(express.json({ limit: LARGEST }));

  router.get('/scene', (_request, response) => {
    const { folder, spec } = live.play.range.plant;
    found(response, loadScene(folder, spec), `scene of '${spec.id}'`);
  });
  router.get('/pid', (_request, response) => {
    const { folder, spec } = live.play.range.plant;
    found(response, loadPid(folder, spec), `diagram of '${spec.id}'`);
  });
  router.get('/network', (_request, response) => {
    response.json(networkOf(plant(), live.lastFlows));
  });
  router.get('/tags/:id', (request, response) => {
    found(response, tagPage(plant(), live.writes, part(request, 'id')), `tag '${request.params.id}'`);
  });
  router.get('/devices/:id', (request, response) => {
    found(response, devicePage(live.play, part(request, 'id')), `device '${request.params.id}'`);
  });
  router.get('/devices/:id/logic', (request, response) => {
    found(response, logicOf(live.play, part(request, 'id')), `controller '${request.params.id}'`);
  });
  router.get('/devices/:id/online', (request, response) => {
    // What a controller's inputs hold is measured; a trainee has no engineering station.
    if (roleIn(response) === 'trainee') {
      response.status(403).json({ error: 'online values need the engineering workstation; you are a trainee here' });
      return;
    }
    found(response, onlineOf(live.play, part(request, 'id')), `controller '${request.params.id}'`);
  });
  router.get('/trends', (request, response) => {
    const tags = text(request, 'tags').split(',').filter(Boolean);
    const to = number(request, 'to', inSeconds(live.play.range.queue.now));
    const query = {
      tags,
      from: number(request, 'from', Math.max(0, to - 600)),
      to,
      points: number(request, 'points', 600),
    };
    response.json(live.history.trend(query, roleIn(response) === 'instructor'));
  });
  router.get('/packets', (request, response) => {
    const count = Math.min(MOST_ROWS, number(request, 'count', 100));
    response.json(live.packets.rows({ from: number(request, 'from', 1), count, filter: text(request, 'filter') }));
  });
  router.get('/packets.pcap', (request, response) => {
    const query = {
      from: number(request, 'from', 1),
      count: Math.min(MOST_SAVED, number(request, 'count', MOST_SAVED)),
      filter: text(request, 'filter'),
    };
    const chunks = live.packets.capture(query);
    const first = chunks.next();
    response.type('application/vnd.tcpdump.pcap').attachment('penstock.pcap');
    if (!first.done) response.write(first.value);
    for (const chunk of chunks) response.write(chunk);
    response.end();
  });
  router.get('/packets/:number', (request, response) => {
    const wanted = Number(request.params.number);
    found(response, live.packets.packet(wanted), `packet ${request.params.number} (the oldest are let go)`);
  });

  router.post('/alarms', (request, response) => {
    const body = parsed(alarmRequest, request);
    if (body.do === 'acknowledge' && body.alarms.length > MOST_ALERTS)
      throw new UsageError('api.body', 'too many alarms');
    live.doAlarm(body, roleIn(response));
    response.status(204).end();
  });
  router.get('/field', (_request, response) => {
    response.json(fieldActions(plant()));
  });
  router.post('/operate', async (request, response) => {
    const { tag, value } = parsed(operateRequest, request);
    await order(live, { kind: 'operate', what: tag, value, by: roleIn(response) });
    response.status(202).end();
  });
  router.post('/field', async (request, response) => {
    const { action, position } = parsed(fieldRequest, request);
    await order(live, { kind: 'field', what: action, value: position, by: roleIn(response) });
    response.status(202).end();
  });

  router.get('/scenarios', instructorOnly, (_request, response) => {
    response.json(live.console.scenarios());
  });
  router.post('/attack', instructorOnly, async (request, response) => {
    const record = live.console.recordOf(parsed(attackRequest, request), roleIn(response));
    if (record) await enter(live.play, live.clock, record);
    // Pages hear of it on the socket alone: an answer here could come in after something newer there.
    live.console.tell();
    response.json(live.console.message);
  });
  router.use(refused);
  return router;
}

async function order(live: LivePlay, order: Order): Promise<void> {
  checkOrder(live.play.range.spec, order);
  await enter(live.play, live.clock, (time) => ({ time, kind: 'order', order }));
}

const fieldActions = (plant: PlantSpec) =>
  plant.field.map((action) => ({
    ...{ id: action.id, kind: action.kind, name: action.name, area: action.area },
    tag: action.kind === 'call' ? null : action.tag,
    takes: inSeconds(action.takes),
    positions: positionsOf(action).map(({ value, name }) => ({ value, name })),
  }));

function found(response: Response, message: object | undefined, what: string): void {
  if (message) response.json(message);
  else response.status(404).json({ error: `there is no ${what} in this run` });
}

function parsed<Schema extends z.ZodType>(schema: Schema, request: Request): z.output<Schema> {
  const result = schema.safeParse(request.body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue?.path.join('.');
  throw new UsageError('api.body', `this cannot be read: ${place ? `${place}: ` : ''}${issue?.message}`);
}

const part = (request: Request, name: string): string => String(request.params[name]);

function text(request: Request, name: string): string {
  const value = request.query[name];
  return typeof value === 'string' ? value : '';
}

function number(request: Request, name: string, otherwise: number): number {
  const given = text(request, name);
  if (given === '') return otherwise;
  const value = Number(given);
  if (!Number.isFinite(value) || value < 0)
    throw new UsageError('api.query', `'${name}' is a number from 0 on, not '${given}'`);
  return value;
}

/** What cannot be done is said in the range's own words. */
const refused = (error: unknown, _request: Request, response: Response, next: NextFunction): void => {
  if (error instanceof UsageError) response.status(400).json({ error: error.message });
  else if (error instanceof PenstockError) response.status(409).json({ error: error.message });
  else next(error);
};
