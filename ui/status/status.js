// The plain live status page: devices, addresses, tags, alerts. The token travels in the address's fragment, which no server log sees.

import { byId, setText } from './dom.js';
import { addAlert, addJournal, last, repeatAlert, showDevices } from './lists.js';
import { io } from './socket-client.js';
import { showTags, showValues } from './tags.js';
import { plantTime, startAt } from './time.js';

/** Values come four times a second; without any for so long, those that stand here are old. */
const SILENT_MS = 2000;

const socket = io({ auth: { token: takeToken() }, transports: ['websocket'], reconnectionDelayMax: 2000 });
let silent;

socket.on('connect', () => socket.emit('join', { lastAlert: last.alert, lastJournal: last.journal }));
socket.on('disconnect', () => connection('lost', 'The range does not answer. Values are old; trying again …'));
socket.on('connect_error', (error) => {
  if (error.message === 'token')
    connection('refused', 'This page needs the token that the range printed at its start: open the printed address.');
  else connection('lost', 'The range does not answer; trying again …');
});

socket.on('keyframe', (frame) => {
  setText(byId('plant'), frame.plant.name);
  setText(byId('summary'), frame.plant.summary);
  setText(byId('run'), `run ${frame.run}, seed ${frame.seed}, ×${frame.rate}`);
  document.title = `${frame.plant.name} – Penstock`;
  startAt(frame.startsAt);
  showTags(frame);
  showDevices(frame.devices);
  frame.alerts.forEach(addAlert);
  frame.repetitions.forEach(repeatAlert);
  frame.journal.forEach(addJournal);
  show(frame.values);
});
socket.on('values', show);
socket.on('alert', addAlert);
socket.on('repetition', repeatAlert);
socket.on('journal', addJournal);

function show(values) {
  connection('live', 'Live');
  setText(byId('clock'), plantTime(values.time));
  showValues(values);
  clearTimeout(silent);
  silent = setTimeout(() => connection('lost', 'The range has fallen silent. Values are old; waiting …'), SILENT_MS);
}

function connection(state, text) {
  if (state !== 'live') clearTimeout(silent);
  document.body.dataset.connection = state;
  setText(byId('connection'), text);
}

/** From the printed address, or from before a reload of this tab; then it leaves the address bar. */
function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem('token', given);
    history.replaceState(null, '', location.pathname);
  }
  return given ?? sessionStorage.getItem('token') ?? '';
}

// The address of another run, pasted into this tab, changes nothing but the fragment.
addEventListener('hashchange', () => {
  if (location.hash.includes('token=')) location.reload();
});

addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
  event.preventDefault();
  byId('find').focus();
});
