// Samples on a person's instruction (E4): of which host, and which types of files may be taken at all.
import { useState } from 'preact/hooks';
import { CHANGE, send, type Session } from '../toolkit/api';
import { t } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href } from '../toolkit/route';
import { Ask, Badge, Card, Choice, Page, Shown, Table, TextField } from '../toolkit/ui';
import { may } from '../parts/words';
import type { Incident, Mandate } from './data';
import { OrderList } from './orders';
import { isMixed, scoped } from './scope';
import { HostOf, tell, titleOf, Where, whereOf } from './shared';

const typesOf = (m: Mandate | undefined): string[] => m?.mandate?.file_types ?? [];

/** Nothing but what the site's mandate lets leave can be asked for. */
export function CollectAsk({ incident: i, types, kind = '', again }: { incident: Incident; types: string[]; kind?: '' | 'main'; again?: () => void }) {
  const [picked, setPicked] = useState<Set<string>>(new Set(types));
  const [sha256, setSha256] = useState('');
  const name = i.host_name || i.host;
  const toggle = (type: string) => {
    const next = new Set(picked);
    if (!next.delete(type)) next.add(type);
    setPicked(next);
  };
  const ask = (reason: string) => {
    if (!picked.size) throw new Error(t('collect-none'));
    return send('POST', 'collections', { site: i.site, ...(sha256 ? { sha256 } : { host: i.host_mac || i.host }), types: [...picked], reason });
  };
  return (
    <Ask button={t('collect')} kind={kind} title={t('collect-of', { name })} confirm={t('collect')} onDo={async (reason) => ask(reason)} done={(a) => { tell('collecting', name, a); again?.(); }}>
      <p>{t('collect-about')}</p>
      <fieldset class="picks">
        <legend>{t('file-types')}</legend>
        {types.map((x) => <label><input type="checkbox" checked={picked.has(x)} onChange={() => toggle(x)} /> {x}</label>)}
      </fieldset>
      <TextField label={t('carved-sha256')} help={t('carved-about')} value={sha256} onValue={(v) => setSha256(v.trim().toLowerCase())} pattern="[0-9a-f]{64}" maxLength={64} autocomplete="off" spellcheck={false} class="mono" />
      {!types.length && <p class="note bad">{t('no-type-allowed')}</p>}
    </Ask>
  );
}

export const useMandates = () => useApi<{ mandates: Mandate[] }>('mandates' + scoped(), 'mandates', 'orders');

export function Samples({ session }: { session: Session }) {
  const [state, setState] = useState('open');
  const incidents = useApi<{ incidents: Incident[] }>('incidents' + scoped({ open: state === 'open', most: 200 }), 'incidents');
  const mandates = useMandates();
  const bySite = new Map((mandates.data?.mandates ?? []).map((m) => [m.site, m]));
  return (
    <Page title={t('samples')}>
      <Card title={t('samples-ask')} tools={<a class="button" href={href('mandates')}>{t('mandates')}</a>}>
        <p class="faint">{t('samples-about')}</p>
        <div class="row-form"><Choice label={t('incidents')} value={state} onValue={setState} options={[['open', t('only-open')], ['all', t('all')]]} /></div>
        <Shown of={incidents}>
          {({ incidents: rows }) => (
            <Table dense label={t('samples-ask')} rows={rows} id={(i) => i.id} empty={t('no-incident')} page={20}
              columns={[
                { title: t('host'), sort: (i) => i.host_name, cell: (i) => <HostOf site={i.site} host={i.host_id} name={i.host_name} ip={i.host} mac={i.host_mac} /> },
                { title: t(isMixed() ? 'customer-site' : 'site'), sort: whereOf, cell: (i) => <Where {...i} /> },
                { title: t('incident'), wide: true, cell: (i) => <a href={href('incidents', i.id)}>{titleOf(i.title)}</a> },
                { title: t('file-types-allowed'), cell: (i) => <Types of={typesOf(bySite.get(i.site))} /> },
                ...(may(session, CHANGE) ? [{ title: '', cell: (i: Incident) => <CollectAsk key={typesOf(bySite.get(i.site)).join()} incident={i} types={typesOf(bySite.get(i.site))} /> }] : []),
              ]} />
          )}
        </Shown>
      </Card>
      <OrderList path={'collections' + scoped({ most: 100 })} title={t('samples-asked')} />
    </Page>
  );
}

function Types({ of }: { of: string[] }) {
  if (!of.length) return <span class="faint">{t('no-file-leaves')}</span>;
  return <span class="states">{of.map((x) => <Badge>{x}</Badge>)}</span>;
}

