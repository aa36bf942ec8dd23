import { render } from 'preact';
import { ADMIN, SEE, type Session } from '../toolkit/api';
import { addTexts, t } from '../toolkit/i18n';
import { OwnAccount, Users } from '../toolkit/people';
import { applyKeptTheme, Portal, type Place } from '../toolkit/shell';
import '../toolkit/style.css';
import { Hosts, OneHost } from './hosts';
import { Incidents, OneIncident } from './incidents';
import { Overview, Stopped } from './overview';
import { Exceptions, Policies } from './policy';
import { OneCut, Quarantine } from './quarantine';
import { Audit } from '../parts/audit';
import { en as partsEn } from '../parts/text.en';
import { ja as partsJa } from '../parts/text.ja';
import { Report } from './report';
import { Sensors } from './sensors';
import { en } from './text.en';
import { ja } from './text.ja';

const ROLES = ['viewer', 'approver', 'administrator'];

const places = (): Place[] => [
  { path: '', title: 'overview', may: SEE, icon: 'M3 9.5 10 4l7 5.5V16a1 1 0 0 1-1 1h-3.5v-4.5h-5V17H4a1 1 0 0 1-1-1z', page: (_, s) => <Overview session={s} /> },
  { path: 'quarantine', title: 'quarantine', may: SEE, icon: 'M10 2.5 16.5 5v5c0 3.5-2.5 6-6.5 7.5C6 16 3.5 13.5 3.5 10V5zM7 10h6', page: ([id], s) => (id ? <OneCut key={id} id={id} session={s} /> : <Quarantine session={s} />) },
  { path: 'incidents', title: 'incidents', may: SEE, icon: 'M10 3 18 16.5H2zM10 8v4M10 14v.5', page: ([id], s) => (id ? <OneIncident key={id} id={id} session={s} /> : <Incidents />) },
  { path: 'hosts', title: 'hosts', may: SEE, icon: 'M3 4h14v9H3zM7 16.5h6M10 13v3.5', page: ([id], s) => (id ? <OneHost key={id} id={id} session={s} /> : <Hosts />) },
  { path: 'exceptions', title: 'exceptions', may: SEE, icon: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM5 5l10 10', page: (_, s) => <Exceptions session={s} /> },
  { path: 'policies', title: 'policies', may: SEE, icon: 'M4 5h12M4 10h12M4 15h12M7 3.5v3M13 8.5v3M9 13.5v3', page: (_, s) => <Policies session={s} /> },
  { path: 'sensors', title: 'sensors', may: SEE, icon: 'M10 10h.01M7 13a4.2 4.2 0 0 1 0-6M13 7a4.2 4.2 0 0 1 0 6M4.5 15.5a7.8 7.8 0 0 1 0-11M15.5 4.5a7.8 7.8 0 0 1 0 11', page: () => <Sensors /> },
  { path: 'report', title: 'report', may: SEE, icon: 'M5 2.5h7l3.5 3.5v11.5H5zM8 14v-2M10.5 14V9.5M13 14v-3', page: () => <Report /> },
  { path: 'audit', title: 'audit', may: SEE, icon: 'M4 3.5h12v13H4zM7 7h6M7 10h6M7 13h3', page: () => <Audit /> },
  { path: 'users', title: 'users', may: ADMIN, icon: 'M10 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4 17a6 6 0 0 1 12 0', page: () => <Users roles={ROLES} /> },
  { path: 'account', title: 'own-account', may: 0, icon: '', page: (_, s) => <OwnAccount session={s} roles={ROLES} /> },
];

addTexts(partsEn, partsJa);
addTexts(en, ja);
applyKeptTheme();
render(
  <Portal places={places} banner={(s: Session) => <Stopped session={s} />} product={() => t('product')} />,
  document.getElementById('page')!,
);
