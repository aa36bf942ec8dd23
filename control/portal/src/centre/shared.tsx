// What several of the centre's pages show alike.
import { useCallback, useEffect, useState } from 'preact/hooks';
import { APPROVE, get, part, SEE, send, type Session } from '../toolkit/api';
import { currentLanguage, t, word } from '../toolkit/i18n';
import { useApi, type Loaded } from '../toolkit/live';
import { href, useArg } from '../toolkit/route';
import { Ask, At, Badge, Choice, Field, say, type Tone } from '../toolkit/ui';
import { may } from '../parts/words';
import { threatName } from '../parts/threats';
import type { Cut, Order, Text } from './data';
import { customerName, isMixed, sitesInScope } from './scope';

/** In the reader's language, or the other when it is missing. */
export const say2 = (x: Text | string | null | undefined): string =>
  !x ? '' : typeof x === 'string' ? x : (currentLanguage() === 'ja' ? x.ja || x.en : x.en || x.ja) || '';

/** More than looks: may take on an emergency, write a note. */
export const mayMore = (s: Session): boolean => s.may !== SEE;

/** "English\n日本語", as sensors tell it. */
export const told = (text: string): string => ofPair(text.split('\n'));

/** What a sensor says of a mirror port to which there is nothing to say. */
export const MIRROR_GOOD = /shows both directions/;

/** A time as the API takes it. */
export const timeText = (ms: number): string => new Date(ms).toISOString().slice(0, 19) + 'Z';

export function Where({ customer, site }: { customer?: string; site: string }) {
  return (
    <span class="where">
      {site}
      {isMixed() && customer && <small>{customerName(customer)}</small>}
    </span>
  );
}

/** Titles of incidents are names of threats. */
export const titleOf = (x: Text): string => threatName(say2(x));

/** Sorts like `Where` reads. */
export const whereOf = (x: { customer?: string; site: string }): string => `${customerName(x.customer ?? '')} ${x.site}`;

export function HostOf({ site, host, name, ip, mac }: { site: string; host: string; name?: string; ip?: string; mac?: string }) {
  const first = name || ip || host;
  return (
    <a class="host" href={href('hosts', site, host || ip || '')}>
      <b>{first}</b>
      <span>{ip !== first ? ip : mac}</span>
    </a>
  );
}

const severities: Record<string, Tone> = { critical: 'danger', high: 'danger', medium: 'warning', low: 'plain', info: 'plain' };
export const severityRank = (s: string): number => ['info', 'low', 'medium', 'high', 'critical'].indexOf(s);
export const levelRank = (l: string): number => ['safe', 'caution', 'warning', 'danger'].indexOf(l);

export function Severity({ of }: { of: string }) {
  return <Badge tone={severities[of] ?? 'plain'}>{word('severity', of)}</Badge>;
}

const MANY = 40;

/** Hundreds of sites: typed, with what is found beneath. */
function SiteField({ site, setSite, sites }: { site: string; setSite: (v: string) => void; sites: string[] }) {
  const [text, setText] = useState(site);
  return (
    <Field label={t('site')}>
      {(p) => (
        <>
          <input {...p} type="search" list="site-names" value={text} placeholder={t('all')} onInput={(e) => {
            const v = e.currentTarget.value;
            setText(v);
            if (v === '' || sites.includes(v)) setSite(v);
          }} />
          <datalist id="site-names">{sites.map((s) => <option value={s} />)}</datalist>
        </>
      )}
    </Field>
  );
}

/** Kept in the address, so that a link to what one sees can be sent. */
export function SiteChoice() {
  const [site, setSite] = useArg('site');
  const sites = sitesInScope();
  if (sites.length < 2 && !site) return null;
  if (sites.length > MANY) return <SiteField site={site} setSite={setSite} sites={sites} />;
  return <Choice label={t('site')} value={site} onValue={setSite} options={[['', t('all')], ...sites.map((s): [string, string] => [s, s])]} />;
}

// ---- long lists ----

export interface Long<T> { rows: T[]; of: Loaded<unknown>; more: (() => void) | null }

/** A list that is asked for page by page: `field` of the answer, `next` of it leads to older ones. */
export function useLong<T>(path: string, field: string, id: (row: T) => string, ...parts: string[]): Long<T> {
  const first = useApi<Record<string, unknown>>(path, ...parts);
  const [older, setOlder] = useState<{ path: string; rows: T[]; next: string }>({ path, rows: [], next: '' });
  useEffect(() => setOlder({ path, rows: [], next: '' }), [path]);
  const head = (first.data?.[field] as T[] | undefined) ?? [];
  const mine = older.path === path ? older : { path, rows: [], next: '' };
  const next = mine.rows.length ? mine.next : String(first.data?.next ?? '');
  const more = useCallback(() => {
    void get<Record<string, unknown>>(`${path}${path.includes('?') ? '&' : '?'}before=${part(next)}`).then(
      (page) => setOlder({ path, rows: [...mine.rows, ...(page[field] as T[])], next: String(page.next ?? '') }),
      (e: Error) => say(e.message),
    );
  }, [path, next, mine.rows.length]);
  const seen = new Set(head.map(id));
  return { rows: [...head, ...mine.rows.filter((r) => !seen.has(id(r)))], of: first, more: next ? more : null };
}

// ---- orders: signed for the site's mitigator, which answers when it has carried them out ----

/** What came of an order, told truthfully: it is done only when the mitigator said so. */
export function tell(key: string, name: string, answer: unknown): void {
  say((answer as { state?: string } | undefined)?.state === 'sent' ? t('ordered-pending', { name }) : t(key, { name }));
}

export const RELEASABLE = ['requested', 'held', 'sent', 'acked', 'verified', 'quiet', 'still-seen', 'failed'];
export const OVER = ['released', 'expired', 'exception', 'outside-policy', 'refused'];
export const cutName = (c: Cut): string => c.host || c.ip || c.mac;

/** The sentence of [English, Japanese] in the reader's language. */
export const ofPair = (list: string[] | undefined): string => say2({ en: list?.[0] ?? '', ja: list?.[1] ?? '' });

/** `order`: the latest about it; while the site has not answered, nothing more is asked of it. */
export function CutTools({ cut, session, again, order: last }: { cut: Cut; session: Session; again: () => void; order?: Order }) {
  if (!may(session, APPROVE)) return null;
  const name = cutName(cut);
  const order = (what: string) => (reason: string) => send('POST', `quarantines/${part(cut.command_id)}/${what}`, { reason });
  const done = (key: string) => (answer: unknown) => {
    tell(key, name, answer);
    again();
  };
  if (last?.state === 'sent') return null;
  if (cut.state === 'held')
    return (
      <div class="actions tight">
        <Ask button={t('approve')} kind="main" danger title={t('approve-host', { name })} confirm={t('approve')} onDo={order('approve')} done={done('approved')}>
          <p>{threatName(cut.reason)}</p>
        </Ask>
        <Ask button={t('refuse')} title={t('refuse-host', { name })} confirm={t('refuse')} onDo={order('refuse')} done={done('refused')}>
          <p>{threatName(cut.reason)}</p>
        </Ask>
      </div>
    );
  if (!RELEASABLE.includes(cut.state)) return null;
  return (
    <Ask button={t('release')} title={t('release-host', { name })} confirm={t('release')} onDo={order('release')} done={done('release-asked')}>
      <p>{t('release-about')}</p>
    </Ask>
  );
}

/** "by Sato, 3 hours ago" beneath a text of a person. */
export function Signed({ who, time }: { who: string; time: string }) {
  return <p class="faint">{who} · <At time={time} exact /></p>;
}
