export {
  type AlertNotice,
  type IncidentNotice,
  type Notice,
  NoticeSink,
  type RepetitionNotice,
} from './messages.ts';
export { type SyslogSender, syslogDatagram, syslogFrame, syslogMessage } from './syslog.ts';
