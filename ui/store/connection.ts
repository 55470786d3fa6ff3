/** The socket to the server: takes in what it says, and asks again for what was missed when the connection was lost. */
import {
  alarmMessage,
  alertMessage,
  attackMessage,
  journalMessage,
  keyframeMessage,
  orderMessage,
  type PageEvents,
  type ServerEvents,
} from '@penstock/core/messages';
import { io, type Socket } from 'socket.io-client';
import { appended, takeKeyframe, useRange } from './range.ts';
import { values } from './values.ts';

/** Connects with `token` and keeps the stores up to date for as long as the page lives. */
export function connect(token: string): Socket<ServerEvents, PageEvents> {
  const socket: Socket<ServerEvents, PageEvents> = io({
    transports: ['websocket'],
    auth: { token },
    reconnectionDelay: 500,
    reconnectionDelayMax: 3000,
  });
  const { setState, getState } = useRange;
  socket.on('connect', () => {
    const { run, alerts, journal } = getState();
    socket.emit('join', {
      run: run === '' ? null : run,
      lastAlert: alerts.at(-1)?.number ?? 0,
      lastJournal: journal.at(-1)?.number ?? 0,
    });
  });
  socket.on('disconnect', () => {
    setState({ connection: 'lost' });
    values.lose();
  });
  socket.on('connect_error', (error) => {
    if (error.message === 'token') {
      setState({ connection: 'refused' });
      socket.disconnect();
    } else if (getState().connection !== 'connecting') setState({ connection: 'lost' });
  });
  socket.on('keyframe', (message) => {
    const keyframe = keyframeMessage.parse(message);
    if (keyframe.run !== getState().run) values.begin([]);
    values.begin(keyframe.tags.map((tag) => tag.id));
    takeKeyframe(keyframe);
    values.take(keyframe.values);
  });
  // Volatile and frequent: the next one replaces what a wrong one would do.
  socket.on('values', (message) => values.take(message));
  socket.on('flows', (flows) => setState({ flows }));
  socket.on('alert', (message) => {
    const alert = alertMessage.parse(message);
    setState(({ alerts }) => ({ alerts: appended(alerts, [alert]) }));
  });
  socket.on('repetition', ({ number, count }) =>
    setState(({ alerts }) => ({
      alerts: alerts.map((alert) => (alert.number === number ? { ...alert, count } : alert)),
    })),
  );
  socket.on('journal', (message) => {
    const line = journalMessage.parse(message);
    setState(({ journal }) => ({ journal: appended(journal, [line]) }));
  });
  socket.on('alarms', (message) => {
    const changed = message.map((alarm) => alarmMessage.parse(alarm));
    setState(({ alarms }) => ({ alarms: new Map([...alarms, ...changed.map((a) => [a.id, a] as const)]) }));
  });
  socket.on('alarmSummary', (alarmSummary) => setState({ alarmSummary }));
  socket.on('order', (message) => {
    const order = orderMessage.parse(message);
    setState(({ orders }) => ({
      orders: orders.some((known) => known.number === order.number)
        ? orders.map((known) => (known.number === order.number ? order : known))
        : [...orders, order],
    }));
  });
  socket.on('attack', (message) => setState({ attack: attackMessage.parse(message) }));
  return socket;
}
