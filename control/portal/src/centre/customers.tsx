// The vendor's customers: who they are, their zone and language, which sites are whose.
import { useState } from 'preact/hooks';
import { ADMIN, part, query, send, type Session } from '../toolkit/api';
import { nsOf, t } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { Ask, At, Badge, Card, Choice, Page, say, Shown, Table, TextField } from '../toolkit/ui';
import { may } from '../parts/words';
import type { Customer, Overview } from './data';
import { CustomerTable } from './overview';
import { allCustomers } from './scope';
import { timeText } from './shared';

function Edit({ c, again }: { c?: Customer; again: () => void }) {
  const [id, setId] = useState(c?.id ?? '');
  const [name, setName] = useState(c?.name ?? '');
  const [zone, setZone] = useState(c?.zone || 'Asia/Tokyo');
  const [language, setLanguage] = useState(c?.language || 'ja');
  return (
    <Ask button={t(c ? 'change' : 'customer-new')} kind={c ? 'quiet' : 'main'} title={c ? c.name : t('customer-new')} confirm={t('keep')} reasonless
      onDo={() => send('PUT', `customers/${part(id.trim())}`, { name: name.trim(), zone: zone.trim(), language })}
      done={() => {
        say(t('customer-kept', { name }));
        again();
      }}>
      {!c && <TextField label={t('customer-id')} help={t('customer-id-help')} value={id} onValue={setId} required pattern="[a-z0-9_\-]+" autocomplete="off" />}
      <TextField label={t('name')} value={name} onValue={setName} required maxLength={100} autocomplete="off" />
      <TextField label={t('time-zone')} help="Asia/Tokyo, Europe/Berlin, …" value={zone} onValue={setZone} required autocomplete="off" />
      <Choice label={t('language')} value={language} onValue={setLanguage} options={[['ja', '日本語'], ['en', 'English']]} />
    </Ask>
  );
}

function Assign({ site, first, again }: { site: string; first: string; again: () => void }) {
  const [customer, setCustomer] = useState(first);
  return (
    <Ask button={t('site-assign')} kind="quiet" title={t('site-assign-of', { site })} confirm={t('keep')} reasonless
      onDo={() => send('PUT', `sites/${part(site)}`, { of: customer })}
      done={() => {
        say(t('site-assigned', { site }));
        again();
      }}>
      <p>{t('site-assign-about')}</p>
      <Choice label={t('customer')} value={customer} onValue={setCustomer} options={[['', t('none')], ...allCustomers().map((c): [string, string] => [c.id, c.name])]} />
    </Ask>
  );
}

export function Customers({ session }: { session: Session }) {
  const list = useApi<{ customers: Customer[] }>('customers', 'state', 'customers');
  const sites = useApi<{ sites: { site: string; customer: string }[] }>('sites', 'state', 'sites');
  const sums = useApi<Overview>('overview' + query({ from: timeText(Math.floor(Date.now() / 3600e3) * 3600e3 - 30 * 86400e3) }), 'incidents', 'cuts', 'emergencies', 'sensors');
  const again = () => {
    list.again();
    sites.again();
    sums.again();
  };
  return (
    <Page title={t('customers')} tools={may(session, ADMIN) && <Edit again={again} />}>
      <Card title={t('customers-now')}><Shown of={sums}>{(d) => <CustomerTable of={d} />}</Shown></Card>
      <Card title={t('customers-kept')}>
        <Shown of={list}>
          {({ customers }) => (
            <Table dense label={t('customers-kept')} rows={customers} id={(c) => c.id} empty={t('no-customer')} page={50}
              columns={[
                { title: t('customer'), sort: (c) => c.name, cell: (c) => <><b>{c.name}</b><small class="line">{c.id}</small></> },
                { title: t('time-zone'), sort: (c) => c.zone, cell: (c) => c.zone },
                { title: t('language'), sort: (c) => c.language, cell: (c) => (c.language === 'en' ? 'English' : '日本語') },
                ...(customers.some((c) => c.licence_until) ? [{ title: t('licence-until'), sort: (c: Customer) => nsOf(c.licence_until), cell: (c: Customer) => <Licence until={c.licence_until} /> }] : []),
                { title: t('sites'), wide: true, cell: (c) => c.sites.join(', ') || '–' },
                ...(may(session, ADMIN) ? [{ title: '', cell: (c: Customer) => <Edit key={c.name + c.zone + c.language} c={c} again={again} /> }] : []),
              ]} />
          )}
        </Shown>
      </Card>
      {may(session, ADMIN) && <Card title={t('sites')}>
        <Shown of={sites}>
          {({ sites: rows }) => (
            <Table dense label={t('sites')} rows={rows} id={(s) => s.site} empty={t('no-site')} page={50}
              columns={[
                { title: t('site'), sort: (s) => s.site, cell: (s) => <b>{s.site}</b> },
                { title: t('customer'), wide: true, sort: (s) => s.customer, cell: (s) => allCustomers().find((c) => c.id === s.customer)?.name ?? <Badge tone="warning">{t('of-nobody')}</Badge> },
                ...(may(session, ADMIN) ? [{ title: '', cell: (s: { site: string; customer: string }) => <Assign key={s.customer} site={s.site} first={s.customer} again={again} /> }] : []),
              ]} />
          )}
        </Shown>
      </Card>}
    </Page>
  );
}

/** It warns and never blinds (C6). */
function Licence({ until }: { until: Customer['licence_until'] }) {
  const left = nsOf(until) / 1e6 - Date.now();
  if (!until) return <>–</>;
  return <><At time={until} exact />{left < 60 * 86400e3 && <> <Badge tone={left < 0 ? 'danger' : 'caution'}>{t(left < 0 ? 'licence-over' : 'licence-soon')}</Badge></>}</>;
}
