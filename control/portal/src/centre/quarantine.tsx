// Who is cut, at every site: decide what waits, let back who is clean, undo what was no threat. Every
// button is an order to the site's mitigator, which answers when it has carried it out.
import { useState } from 'preact/hooks';
import { APPROVE, CHANGE, part, send, type Session } from '../toolkit/api';
import { nsOf, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href, useArg } from '../toolkit/route';
import { Ask, At, Badge, Button, Card, Empty, Facts, Page, say, Shown, ShownPage, Table, Tabs, TextField } from '../toolkit/ui';
import { CutState, may, Moments } from '../parts/words';
import { sentence } from '../parts/sentences';
import { threatName } from '../parts/threats';
import type { Cut, Order, Site } from './data';
import { TuneAsk } from './detections';
import { isMixed, scoped } from './scope';
import { Orders, OrderState, stemOf, useOrders } from './orders';
import { cutName, CutTools, HostOf, OVER, RELEASABLE, SiteChoice, tell, useLong, Where, whereOf } from './shared';

const FILTERS: Record<string, (c: Cut) => boolean> = {
  open: (c) => !OVER.includes(c.state),
  waiting: (c) => c.state === 'held',
  over: (c) => OVER.includes(c.state),
  all: () => true,
};

function State({ c, order }: { c: Cut; order?: Order }) {
  return <span class="states"><CutState state={c.state} />{order && isNews(order) && <OrderState order={order} />}</span>;
}

/** Still open, or refused a short time ago. */
const isNews = (o: Order): boolean => o.state === 'sent' || (o.state === 'refused' && Date.now() * 1e6 - nsOf(o.time) < 86400e9);

/** `own`: of the one host that the page is about. */
export function CutTable({ rows, session, again, selected, onSelect, own }: { own?: boolean; rows: Cut[]; session: Session; again: () => void;
  selected?: Set<string>; onSelect?: (s: Set<string>) => void }) {
  const orders = useOrders();
  return (
    <Table dense label={t('quarantine')} rows={rows} id={(c) => c.command_id} empty={t('no-cut')} page={50} selected={selected} onSelect={onSelect}
      columns={[
        ...(own ? [] : [
          { title: t('host'), sort: cutName, cell: (c: Cut) => <HostOf site={c.site} host={c.ip || c.mac} name={c.host} ip={c.ip} mac={c.mac} /> },
          { title: t(isMixed() ? 'customer-site' : 'site'), sort: whereOf, cell: (c: Cut) => <Where {...c} /> },
        ]),
        { title: t('state'), sort: (c) => c.state, cell: (c) => <State c={c} order={orders.get(stemOf(c.command_id))} /> },
        { title: t('why'), wide: true, sort: (c) => c.reason, cell: (c) => <a href={href('quarantine', c.command_id)}>{threatName(c.reason) || c.command_id}</a> },
        { title: t('by'), sort: (c) => c.by, cell: (c) => (c.by === 'automatic' ? t('automatic') : c.by) },
        { title: t('cut-at'), sort: (c) => nsOf(c.ordered), cell: (c) => <At time={c.ordered} /> },
        ...(rows.some((c) => c.released) ? [{ title: t('ended-at'), sort: (c: Cut) => nsOf(c.released), cell: (c: Cut) => c.released ? <><At time={c.released} />{c.released_by && <small class="line">{c.released_by}</small>}</> : '–' }] : []),
        { title: '', cell: (c) => <CutTools key={c.command_id + c.state} cut={c} order={orders.get(stemOf(c.command_id))} session={session} again={again} /> },
      ]} />
  );
}

function ReleaseMany({ cuts, again }: { cuts: Cut[]; again: () => void }) {
  const release = async (reason: string) => {
    for (const c of cuts) await send('POST', `quarantines/${part(c.command_id)}/release`, { reason });
    return cuts.length;
  };
  return (
    <Ask button={t('release-many', { n: cuts.length })} kind="main" title={t('release-many', { n: cuts.length })} confirm={t('release')}
      onDo={release} disabled={cuts.length === 0}
      done={(n) => {
        say(t('released-many', { n: Number(n) }));
        again();
      }}>
      <p>{t('release-about')}</p>
      <ul class="names">{cuts.slice(0, 20).map((c) => <li>{cutName(c)} – {threatName(c.reason)}</li>)}</ul>
      {cuts.length > 20 && <p class="faint">{t('and-more', { n: cuts.length - 20 })}</p>}
    </Ask>
  );
}

export function Quarantine({ session }: { session: Session }) {
  const [filter, setFilter] = useArg('state', 'open');
  const [find, setFind] = useArg('find');
  const [site] = useArg('site');
  const [selected, setSelected] = useState(new Set<string>());
  const list = useLong<Cut>('quarantines' + scoped({ site, most: 500 }), 'quarantines', (c) => c.command_id, 'cuts', 'state');
  const wanted = find.trim().toLowerCase();
  const found = list.rows.filter((c) => !wanted || `${c.host} ${c.ip} ${c.mac} ${c.reason} ${c.by} ${c.site}`.toLowerCase().includes(wanted));
  const rows = found.filter(FILTERS[filter] ?? FILTERS.open);
  const picked = rows.filter((c) => selected.has(c.command_id) && RELEASABLE.includes(c.state) && c.state !== 'held');
  const again = () => {
    setSelected(new Set());
    list.of.again();
  };
  return (
    <Page title={t('quarantine')}>
      <Card>
        <div class="bar">
          <Tabs label={t('filter')} value={filter} onValue={setFilter}
            options={Object.keys(FILTERS).map((f) => [f, t(`filter.${f}`), found.filter(FILTERS[f]).length])} />
          {may(session, APPROVE) && selected.size > 0 && <ReleaseMany cuts={picked} again={again} />}
        </div>
        <div class="row-form" role="search">
          <TextField label={t('search')} type="search" value={find} onValue={setFind} placeholder={t('search-cuts')} />
          <SiteChoice />
        </div>
        <Shown of={list.of}>
          {() => (
            <>
              <CutTable rows={rows} session={session} again={again} selected={selected} onSelect={may(session, APPROVE) ? setSelected : undefined} />
              {list.more && <div class="actions"><Button onClick={list.more}>{t('older')}</Button></div>}
            </>
          )}
        </Shown>
      </Card>
      <Orders title={t('orders')} />
      <Switches />
    </Page>
  );
}

/** Per site: what happens by itself, and whether somebody has stopped that. */
function Switches() {
  const sites = useApi<{ sites: Site[] }>('sites' + scoped(), 'state', 'sensors');
  return (
    <Card title={t('modes')}>
      <Shown of={sites}>
        {({ sites: rows }) => (
          <Table dense label={t('modes')} rows={rows} id={(s) => s.site} empty={t('no-site')} page={25}
            columns={[
              { title: t(isMixed() ? 'customer-site' : 'site'), sort: whereOf, cell: (s) => <Where {...s} /> },
              { title: t('mitigator'), sort: (s) => s.mitigator ?? '', cell: (s) => s.mitigator || '–' },
              { title: t('mode'), sort: (s) => s.mode ?? '', cell: (s) => s.mode ? <Badge tone={s.mode === 'automatic' ? 'good' : s.mode === 'monitor' ? 'plain' : 'info'}>{word('mode', s.mode)}</Badge> : '–' },
              ...(rows.some((s) => s.kill_switch !== undefined) ? [{ title: t('kill-switch'), sort: (s: Site) => (s.kill_switch ? 0 : 1), cell: (s: Site) => <Badge tone={s.kill_switch ? 'danger' : 'plain'}>{t(s.kill_switch ? 'switch-thrown' : 'switch-armed')}</Badge> }] : []),
              { title: t('policy'), sort: (s) => s.policy ?? '', cell: (s) => s.policy || '–' },
              { title: t('state'), sort: (s) => (s.up ? 1 : 0), cell: (s) => <Badge tone={s.up ? 'good' : 'danger'}>{t(s.up ? 'connected' : 'away')}</Badge> },
              ...(rows.some((s) => !s.up) ? [{ title: t('last-seen'), sort: (s: Site) => nsOf(s.last_seen), cell: (s: Site) => (s.up ? '–' : <At time={s.last_seen} />) }] : []),
            ]} />
        )}
      </Shown>
    </Card>
  );
}

// ---- one ----

/** A cut that should not have been: the host is let back, and what struck it no longer does. */
function FalsePositive({ cut, session, again }: { cut: Cut; session: Session; again: () => void }) {
  const rule = /^(\d+)[.:](\d+)$/.exec(cut.threat_id);
  if (!may(session, CHANGE | APPROVE) || OVER.includes(cut.state) || !rule) return null;
  const name = cutName(cut);
  return (
    <TuneAsk button={t('false-positive')} title={t('false-positive-title', { name })} gid={Number(rule[1])} sid={Number(rule[2])}
      site={cut.site} host={cut.ip || cut.mac}
      also={(reason) => send('POST', `quarantines/${part(cut.command_id)}/${cut.state === 'held' ? 'refuse' : 'release'}`, { reason })}
      done={(r) => {
        tell('exception-made', name, r);
        again();
      }} />
  );
}

export function OneCut({ id, session }: { id: string; session: Session }) {
  const all = useApi<{ quarantines: Cut[] }>('quarantines' + scoped({ most: 1000 }), 'cuts', 'state');
  const stem = stemOf(id), order = useOrders().get(stem);
  const cut = all.data?.quarantines.find((c) => stemOf(c.command_id) === stem);
  const found = { ...all, data: cut, error: all.error ?? (all.data && !cut ? t('no-such-cut') : undefined) };
  return (
    <ShownPage of={found} title={t('quarantine')}>
      {(c) => (
        <Page title={t('cut-of', { name: cutName(c) })} tools={<><CutTools key={c.state} cut={c} order={order} session={session} again={found.again} /><FalsePositive cut={c} session={session} again={found.again} /></>}>
          <Card>
            <p class="big"><CutState state={c.state} /> {word('cut-about', c.state)}</p>
            {order && <p class={`note ${order.state === 'refused' ? 'bad' : order.state === 'done' ? 'good' : ''}`}><OrderState order={order} /> {t('order-by', { name: order.account, reason: order.reason })} <At time={order.time} />{order.state === 'refused' && <> – {sentence(order.answer)}</>}</p>}
            <Moments cut={{
              detected: nsOf(c.detected), reported: 0, ordered: nsOf(c.ordered), acked: nsOf(c.acked), verified: nsOf(c.verified),
              released: nsOf(c.released), opened: nsOf(c.detected || c.ordered),
            }} />
          </Card>
          <Card title={t('what')}>
            <Facts of={[
              [t('host'), <HostOf site={c.site} host={c.ip || c.mac} name={c.host} ip={c.ip} mac={c.mac} />], [t(isMixed() ? 'customer-site' : 'site'), <Where {...c} />],
              [t('reason'), threatName(c.reason)], [t('by'), c.by === 'automatic' ? t('automatic') : c.by], [t('method'), c.method],
              [t('cause'), c.cause && c.cause.split(' ').map((x) => word('cause', x)).join(', ')],
              [t('threat'), c.threat_id],
              [t('released-by'), c.released_by], [t('command'), c.command_id],
            ]} />
            {!c.verified && !OVER.includes(c.state) && c.state !== 'held' && <Empty>{t('not-proven')}</Empty>}
          </Card>
        </Page>
      )}
    </ShownPage>
  );
}
