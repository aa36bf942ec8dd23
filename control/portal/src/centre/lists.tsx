// Known-bad entries: what treated hosts offer to the whole fleet (Q14), and the fleet's own list with
// when each entry ends (D4).
import { useState } from 'preact/hooks';
import { ANALYSE, CHANGE, part, send, type Session } from '../toolkit/api';
import { nsOf, number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href, useArg } from '../toolkit/route';
import { Ask, At, Badge, Card, Choice, Code, Page, say, Shown, Table, TextField } from '../toolkit/ui';
import { may } from '../parts/words';
import { threatName } from '../parts/threats';
import type { Entry, Offer } from './data';
import { RollOut } from './rollout';
import { isVendor, scoped } from './scope';
import { SiteChoice } from './shared';

const KINDS = ['ip', 'domain', 'url', 'file'];
const kindOptions = (): [string, string][] => KINDS.map((k) => [k, word('entry', k)]);
const daysOptions = (): [string, string][] => [...['30', '90', '365'].map((n): [string, string] => [n, t('days', { n })]), ['0', t('for-ever')]];
const keyOf = (p: Offer): string => `${p.id} ${p.kind} ${p.value}`;

/** Each entry by itself: some of an offer may be left. */
async function acceptAll(rows: Offer[], days: string, reason: string): Promise<void> {
  for (const p of rows) await send('POST', `lists/${part(p.id)}/accept`, { kind: p.kind, value: p.value, days: Number(days), reason });
}

function Accept({ rows, done }: { rows: Offer[]; done: () => void }) {
  const [days, setDays] = useState('90');
  return (
    <Ask button={rows.length ? t('accept-n', { n: rows.length }) : t('accept-chosen')} kind="main" title={t('accept-n', { n: rows.length })} confirm={t('accept')} disabled={!rows.length} onDo={(reason) => acceptAll(rows, days, reason)} done={done}>
      <p>{t('accept-about')}</p>
      <ul class="plain-list">{rows.slice(0, 8).map((p) => <li>{word('entry', p.kind)} <Code>{p.value}</Code></li>)}{rows.length > 8 && <li>{t('and-more', { n: rows.length - 8 })}</li>}</ul>
      <Choice label={t('until')} value={days} onValue={setDays} options={daysOptions()} />
    </Ask>
  );
}

function Offers({ session, again }: { session: Session; again: () => void }) {
  const [find, setFind] = useArg('find');
  const [kind, setKind] = useArg('kind');
  const [site] = useArg('site');
  const [picked, setPicked] = useState<Set<string>>(new Set());
  const list = useApi<{ proposals: Offer[] }>('lists' + scoped({ site, most: 1000 }), 'lists', 'incidents');
  const wanted = find.trim().toLowerCase();
  const mine = may(session, ANALYSE) && isVendor(session);
  return (
    <Card title={t('offers')}>
      <p class="faint">{t('lists-about')}</p>
      <Shown of={list}>
        {({ proposals }) => {
          const rows = proposals.filter((p) => (!kind || p.kind === kind) && (!wanted || `${p.value} ${p.comment} ${p.threat} ${p.site}`.toLowerCase().includes(wanted)));
          const chosen = rows.filter((p) => picked.has(keyOf(p)) && !p.accepted);
          return (
            <>
              <div class="row-form" role="search">
                <TextField label={t('search')} type="search" value={find} onValue={setFind} placeholder={t('search-lists')} />
                <Choice label={t('kind')} value={kind} onValue={setKind} options={[['', t('all')], ...kindOptions()]} />
                <SiteChoice />
              </div>
              <div class="bar">
                <p class="faint" role="status">{t('n-found', { n: number(rows.length) })}</p>
                {mine && <Accept rows={chosen} done={() => { say(t('accepted-n', { n: chosen.length })); setPicked(new Set()); list.again(); again(); }} />}
              </div>
              <Table dense label={t('offers')} rows={rows} id={keyOf} empty={t('no-offer')} page={50} selected={mine ? picked : undefined} onSelect={mine ? setPicked : undefined}
                columns={[
                  { title: t('kind'), sort: (p) => p.kind, cell: (p) => <span class="one-line">{word('entry', p.kind)}</span> },
                  { title: t('value'), wide: true, sort: (p) => p.value, cell: (p) => <Code>{p.value}</Code> },
                  { title: t('state'), sort: (p) => (p.accepted ? 1 : 0), cell: (p) => (p.accepted ? <Badge tone="good">{t('accepted')}</Badge> : <Badge tone="info">{t('offered')}</Badge>) },
                  { title: t('threat'), sort: (p) => p.threat, cell: (p) => <a href={href('incidents', p.incident)}>{threatName(p.threat)}</a> },
                  { title: t('note'), cell: (p) => (p.comment ? p.comment.split(': ').map(threatName).join(': ') : '–') },
                  { title: t('site'), sort: (p) => p.site, cell: (p) => p.site },
                  { title: t('found-at'), sort: (p) => nsOf(p.time), cell: (p) => <At time={p.time} /> },
                ]} />
            </>
          );
        }}
      </Shown>
    </Card>
  );
}

// ---- the fleet's own ----

function AddEntry({ again }: { again: () => void }) {
  const [kind, setKind] = useState('domain');
  const [value, setValue] = useState('');
  const [comment, setComment] = useState('');
  const [days, setDays] = useState('90');
  return (
    <Ask button={t('entry-add')} title={t('entry-add')} confirm={t('add')} done={() => { setValue(''); setComment(''); again(); }}
      onDo={(reason) => send('POST', 'lists/fleet', { kind, value: value.trim(), comment: comment.trim(), days: Number(days), reason })}>
      <div class="grid-form">
        <Choice label={t('kind')} value={kind} onValue={setKind} options={kindOptions()} />
        <Choice label={t('until')} value={days} onValue={setDays} options={daysOptions()} />
        <TextField label={t('value')} value={value} onValue={setValue} required autocomplete="off" spellcheck={false} />
        <TextField label={t('note')} value={comment} onValue={setComment} maxLength={190} autocomplete="off" />
      </div>
    </Ask>
  );
}

/** Signed as it is now, and on from there to the boxes. */
function Publish({ n }: { n: number }) {
  const [made, setMade] = useState('');
  return (
    <>
      <Ask button={t('publish')} kind="main" title={t('publish')} confirm={t('publish')} disabled={!n} onDo={(reason) => send('POST', 'lists/fleet/publish', { reason })} done={(r) => setMade((r as { version: string }).version)}>
        <p>{t('publish-about', { n: number(n) })}</p>
      </Ask>
      {made && <RollOut key={made} kind="pattern" version={made} button={t('rollout-of', { name: made })} />}
    </>
  );
}

function Remove({ e, again }: { e: Entry; again: () => void }) {
  return (
    <Ask button={t('remove')} kind="quiet" danger title={t('entry-remove', { name: e.value })} confirm={t('remove')} done={again}
      onDo={(reason) => send('POST', 'lists/fleet/remove', { kind: e.kind, value: e.value, reason })}>
      <p>{t('entry-remove-about')}</p>
    </Ask>
  );
}

function FleetList({ session, list }: { session: Session; list: ReturnType<typeof useApi<{ entries: Entry[] }>> }) {
  const [find, setFind] = useState('');
  const mine = may(session, CHANGE), wanted = find.trim().toLowerCase();
  return (
    <Shown of={list}>
      {({ entries }) => {
        const rows = entries.filter((e) => !wanted || `${e.value} ${e.comment} ${e.by}`.toLowerCase().includes(wanted));
        return (
          <Card title={t('fleet-list')} tools={mine && <><AddEntry again={list.again} /><Publish n={entries.filter((e) => !e.over).length} /></>}>
            <p class="faint">{t('fleet-list-about')}</p>
            {entries.length > 5 && <div class="row-form" role="search"><TextField label={t('search')} type="search" value={find} onValue={setFind} placeholder={t('search-lists')} /></div>}
            <Table dense label={t('fleet-list')} rows={rows} id={(e) => e.kind + e.value} empty={t('no-entry')} page={50}
              columns={[
                { title: t('kind'), sort: (e) => e.kind, cell: (e) => <span class="one-line">{word('entry', e.kind)}</span> },
                { title: t('value'), wide: true, sort: (e) => e.value, cell: (e) => <Code>{e.value}</Code> },
                { title: t('note'), cell: (e) => (e.comment ? e.comment.split(': ').map(threatName).join(': ') : '–') },
                { title: t('until'), sort: (e) => nsOf(e.until) || Infinity, cell: (e) => (e.over ? <Badge>{t('entry-over')}</Badge> : e.until ? <At time={e.until} exact /> : t('for-ever')) },
                { title: t('who'), sort: (e) => e.by, cell: (e) => <>{e.by}<small class="line"><At time={e.added} /></small></> },
                ...(mine ? [{ title: '', cell: (e: Entry) => <Remove e={e} again={list.again} /> }] : []),
              ]} />
          </Card>
        );
      }}
    </Shown>
  );
}

function VendorLists({ session }: { session: Session }) {
  const fleet = useApi<{ entries: Entry[] }>('lists/fleet', 'lists');
  return <><Offers session={session} again={fleet.again} /><FleetList session={session} list={fleet} /></>;
}

export function Lists({ session }: { session: Session }) {
  return <Page title={t('lists')}>{isVendor(session) ? <VendorLists session={session} /> : <Offers session={session} again={() => {}} />}</Page>;
}
