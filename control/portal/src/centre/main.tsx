// The centre's portal: the same toolkit with the centre's pages. So far its accounts, which
// control/api has for every program; its own pages are added to `places`.
import { render } from 'preact';
import { ADMIN } from '../toolkit/api';
import { OwnAccount, Users } from '../toolkit/people';
import { applyKeptTheme, Portal, type Place } from '../toolkit/shell';
import '../toolkit/style.css';

const ROLES = ['viewer', 'approver', 'administrator', 'vendor-operator', 'vendor-analyst', 'vendor-administrator'];

const places = (): Place[] => [
  { path: '', title: 'own-account', may: 0, icon: 'M10 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4 17a6 6 0 0 1 12 0', page: (_, s) => <OwnAccount session={s} roles={ROLES} /> },
  { path: 'users', title: 'users', may: ADMIN, icon: 'M4 5h12M4 10h12M4 15h12', page: () => <Users roles={ROLES} /> },
];

applyKeptTheme();
render(<Portal places={places} product={() => ''} />, document.getElementById('page')!);
