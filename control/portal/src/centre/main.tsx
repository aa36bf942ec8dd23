// The centre's portal: the vendor's people see every customer, a customer's people their own.
import { render } from 'preact';
import { ADMIN, ALL, CHANGE, SEE, url, type Session } from '../toolkit/api';
import { addTexts, t } from '../toolkit/i18n';
import { OwnAccount, Users } from '../toolkit/people';
import { applyKeptTheme, Portal, type Place } from '../toolkit/shell';
import '../toolkit/style.css';
import './style.css';
import { Audit } from '../parts/audit';
import { en as partsEn } from '../parts/text.en';
import { ja as partsJa } from '../parts/text.ja';
import { Assessments } from './assessments';
import { Coverage } from './coverage';
import { Customers } from './customers';
import { Detections, OneDetection } from './detections';
import { Emergencies, useWaiting } from './emergencies';
import { FinalReports } from './finals';
import { Fleet } from './fleet';
import { Hosts, OneHost } from './hosts';
import { Incidents, OneIncident } from './incidents';
import { Overview } from './overview';
import { Messages } from './messages';
import { Mandates } from './mandate';
import { Lists } from './lists';
import { OnePolicy, Policies } from './policies';
import { OneCut, Quarantine } from './quarantine';
import { Reports } from './reports';
import { allCustomers, chooseCustomer, chosenCustomer, isDemo, isVendor, scoped, useScope } from './scope';
import { Samples } from './samples';
import { OneSensor, Sensors } from './sensors';
import { Signatures } from './signatures';
import { en } from './text.en';
import { ja } from './text.ja';
import { Watching } from './watch';

const CUSTOMER_ROLES = ['viewer', 'approver', 'administrator'];
const ROLES = [...CUSTOMER_ROLES, 'vendor-operator', 'vendor-analyst', 'vendor-administrator'];
const rolesFor = (s: Session): string[] => (isVendor(s) ? ROLES : CUSTOMER_ROLES);

/** `real`: what a demonstration has not. */
const all = (waiting: { emergencies: number; held: number }): (Place & { real?: boolean })[] => [
  { path: '', title: 'overview', may: SEE, icon: 'M3 9.5 10 4l7 5.5V16a1 1 0 0 1-1 1h-3.5v-4.5h-5V17H4a1 1 0 0 1-1-1z', page: (_, s) => <Overview session={s} /> },
  { path: 'emergencies', title: 'emergencies', may: SEE, count: waiting.emergencies, icon: 'M10 3a4.5 4.5 0 0 1 4.5 4.5V12l1.5 2.5H4L5.5 12V7.5A4.5 4.5 0 0 1 10 3zM8.5 17h3', page: (_, s) => <Emergencies session={s} /> },
  { path: 'incidents', title: 'incidents', group: 'group-watch', may: SEE, icon: 'M10 3 18 16.5H2zM10 8v4M10 14v.5', page: ([id], s) => (id ? <OneIncident key={id} id={id} session={s} /> : <Incidents session={s} />) },
  { path: 'quarantine', title: 'quarantine', group: 'group-watch', may: SEE, count: waiting.held, icon: 'M10 2.5 16.5 5v5c0 3.5-2.5 6-6.5 7.5C6 16 3.5 13.5 3.5 10V5zM7 10h6', page: ([id], s) => (id ? <OneCut key={id} id={id} session={s} /> : <Quarantine session={s} />) },
  { path: 'hosts', title: 'hosts', group: 'group-watch', may: SEE, icon: 'M3 4h14v9H3zM7 16.5h6M10 13v3.5', page: ([site, id], s) => (id ? <OneHost key={site + id} site={site} id={id} session={s} /> : <Hosts />) },
  { path: 'detections', title: 'detections', group: 'group-watch', may: SEE, icon: 'M9 14a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM12.8 12.8 17 17', page: ([gid, sid], s) => (sid ? <OneDetection key={gid + sid} gid={gid} sid={sid} session={s} /> : <Detections session={s} />) },
  { path: 'lists', title: 'lists', group: 'group-watch', may: SEE, icon: 'M4 5h1M8 5h8M4 10h1M8 10h8M4 15h1M8 15h8', page: (_, s) => <Lists session={s} /> },
  { path: 'reports', title: 'reports', group: 'group-report', may: SEE, icon: 'M5 2.5h7l3.5 3.5v11.5H5zM8 14v-2M10.5 14V9.5M13 14v-3', page: (_, s) => <Reports session={s} /> },
  { path: 'final-reports', title: 'final-reports', group: 'group-report', may: SEE, real: true, icon: 'M3 5h14v10H3zM3 5.5l7 5.5 7-5.5', page: (_, s) => <FinalReports session={s} /> },
  { path: 'sensors', title: 'sensors', group: 'group-manage', may: SEE, icon: 'M10 10h.01M7 13a4.2 4.2 0 0 1 0-6M13 7a4.2 4.2 0 0 1 0 6M4.5 15.5a7.8 7.8 0 0 1 0-11M15.5 4.5a7.8 7.8 0 0 1 0 11', page: ([name]) => (name ? <OneSensor key={name} name={name} /> : <Sensors />) },
  { path: 'coverage', title: 'coverage', group: 'group-manage', may: SEE, icon: 'M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM3 10h14M10 3v14', page: (_, s) => <Coverage session={s} /> },
  { path: 'watching', title: 'watching', group: 'group-manage', may: SEE, real: true, icon: 'M2.5 10h3l2-5 4 10 2.5-5h3.5', page: (_, s) => <Watching session={s} /> },
  { path: 'fleet', title: 'fleet', group: 'group-manage', may: SEE, icon: 'M3 4h6v5H3zM11 4h6v5h-6zM3 11h6v5H3zM11 13.5h6M14 10.5v6', page: ([tab], s) => <Fleet session={s} tab={tab} /> },
  { path: 'signatures', title: 'signatures', group: 'group-manage', may: ALL, icon: 'M4 4h8l4 4v8H4zM7 9h6M7 12h6', page: (_, s) => <Signatures session={s} /> },
  { path: 'policies', title: 'policies', group: 'group-manage', may: SEE, icon: 'M4 5h12M4 10h8M4 15h10M16 9l2 2-4 4', page: ([site], s) => (site ? <OnePolicy key={site} site={site} session={s} /> : <Policies />) },
  { path: 'samples', title: 'samples', group: 'group-manage', may: SEE, icon: 'M7 3v5l-4 8h14l-4-8V3M6 3h8M5.5 12h9', page: (_, s) => <Samples session={s} /> },
  { path: 'mandates', title: 'mandates', group: 'group-manage', may: SEE, icon: 'M5 2.5h7l3.5 3.5v11.5H5zM8 11l1.5 1.5L13 9', page: (_, s) => <Mandates session={s} /> },
  { path: 'customers', title: 'customers', group: 'group-manage', may: ALL, icon: 'M3 17V7l5-3v13M8 17V9h9v8M11 12h1M14 12h1M11 14.5h1M14 14.5h1M2 17h16', page: (_, s) => <Customers session={s} /> },
  { path: 'assessments', title: 'assessments', group: 'group-manage', may: SEE, icon: 'M6 3h8v2.5L11 9v2l3 3.5V17H6v-2.5L9 11V9L6 5.5z', page: (_, s) => <Assessments session={s} /> },
  { path: 'messages', title: 'messages', group: 'group-manage', may: CHANGE | ALL, icon: 'M3 4.5h14v9H9l-3.5 3v-3H3zM6 8h8M6 10.5h5', page: () => <Messages /> },
  { path: 'users', title: 'users', group: 'group-manage', may: ADMIN, icon: 'M10 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4 17a6 6 0 0 1 12 0', page: (_, s) => <Users roles={rolesFor(s)} customers={isVendor(s) ? allCustomers() : undefined} /> },
  { path: 'audit', title: 'audit', group: 'group-manage', may: ADMIN, icon: 'M4 3.5h12v13H4zM7 7h6M7 10h6M7 13h3', page: (_, s) => <Audit chain={isVendor(s)} taken={url('audit/export') + scoped()} /> },
  { path: 'account', title: 'own-account', may: 0, icon: '', page: (_, s) => <OwnAccount session={s} roles={rolesFor(s)} /> },
];

/** Called by the frame as it draws: hooks are allowed. */
function usePlaces(session: Session): Place[] {
  useScope(session);
  return all(useWaiting()).filter((p) => !p.real || !isDemo());
}

/** Whose data is shown, in the head of each page. */
function CustomerChoice({ session }: { session: Session }) {
  if (!isVendor(session)) return <span class="customer-name">{allCustomers()[0]?.name}</span>;
  return (
    <select class="customer-choice" aria-label={t('customer')} value={chosenCustomer()} onChange={(e) => chooseCustomer(e.currentTarget.value)}>
      <option value="">{t('all-customers')}</option>
      {allCustomers().map((c) => <option value={c.id}>{c.name}</option>)}
    </select>
  );
}

addTexts(partsEn, partsJa);
addTexts(en, ja);
applyKeptTheme();
render(
  <Portal places={usePlaces} product={() => t('product')} tools={(s) => <CustomerChoice session={s} />}
    banner={() => isDemo() && <p class="demo">{t('demo')}</p>} />,
  document.getElementById('page')!,
);
