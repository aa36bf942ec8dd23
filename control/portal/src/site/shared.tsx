// What several of the site's pages show alike.
import { APPROVE, CHANGE, part, query, send, type Session } from '../toolkit/api';
import { number, t } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href } from '../toolkit/route';
import { Ask, Choice, say, Table, TextField, Time } from '../toolkit/ui';
import { sentence } from '../parts/sentences';
import { threatName } from '../parts/threats';
import { may } from '../parts/words';
import { useEffect, useState } from 'preact/hooks';
import { hostName, RELEASABLE, ruleOf, type Cut, type Preview } from './data';

export function HostLink({ host }: { host: { name: string; ip: string; mac: string; id?: string; host_id?: string } }) {
  const id = host.id || host.host_id || host.ip || host.mac;
  return (
    <a class="host" href={href('hosts', id)}>
      <b>{hostName(host) || id}</b>
      <span>{[host.name && host.ip, host.mac].filter(Boolean).join(' · ')}</span>
    </a>
  );
}

/** Why a host is cut: the threat's name, or what was said. */
export const cutWhy = (c: Cut): string => threatName(c.threat) || sentence(c.reason);

const cutPath = (c: Cut, what: string): string => `quarantines/${part(c.command_id)}/${what}`;

interface Told { text?: string }

export function CutTools({ cut, session, again }: { cut: Cut; session: Session; again: () => void }) {
  if (!may(session, APPROVE)) return null;
  const name = hostName(cut);
  const order = (what: string) => (reason: string) => send<Told>('POST', cutPath(cut, what), { reason });
  const done = (key: string) => (r: unknown) => {
    say(sentence((r as Told)?.text ?? '') || t(key, { name }));
    again();
  };
  if (cut.state === 'held')
    return (
      <div class="actions tight">
        <Ask button={t('approve')} kind="main" danger title={t('approve-host', { name })} confirm={t('approve')} onDo={order('approve')}
          done={done('approved')}>
          <p>{cutWhy(cut)}</p>
          {cut.first_yes && <p class="note">{t('second-yes', { name: cut.first_yes })}</p>}
        </Ask>
        <Ask button={t('refuse')} title={t('refuse-host', { name })} confirm={t('refuse')} onDo={order('refuse')}
          done={done('refused')}>
          <p>{cutWhy(cut)}</p>
        </Ask>
      </div>
    );
  if (!RELEASABLE.includes(cut.state)) return null;
  return (
    <Ask button={t('release')} title={t('release-host', { name })} confirm={t('release')} onDo={order('release')}
      done={done('release-asked')}>
      <p>{t('release-about')}</p>
    </Ask>
  );
}

// ---- exceptions ----

export interface Draft { rule: string; source: string; destination: string; sensor: string }

/** What the exception would have removed of the last 30 days' alerts; a moment after the last key. */
export function PreviewOf({ draft }: { draft: Draft }) {
  const [settled, set] = useState(draft);
  useEffect(() => {
    const timer = setTimeout(() => set(draft), 350);
    return () => clearTimeout(timer);
  }, [draft.rule, draft.source, draft.destination, draft.sensor]);
  const empty = !settled.rule && !settled.source && !settled.destination;
  const preview = useApi<Preview>(empty ? null : 'exceptions/preview' + query({ ...settled }));
  if (empty) return <p class="note">{t('exception-needs')}</p>;
  if (preview.error) return <p class="note bad" role="alert">{preview.error}</p>;
  if (!preview.data) return <p class="loading">{t('loading')}</p>;
  const p = preview.data;
  return (
    <div class="preview" aria-live="polite">
      <p class={`note ${p.removed === p.total && p.total ? 'bad' : ''}`}>
        {t('preview-text', { removed: number(p.removed), total: number(p.total), days: p.days })}
      </p>
      {p.most.length > 0 && (
        <Table label={t('preview')} rows={p.most.slice(0, 5)} id={(m) => [m.gid, m.sid, m.source, m.destination, m.sensor].join()} empty=""
          columns={[
            { title: t('rule'), cell: (m) => `${m.gid}:${m.sid}` },
            { title: t('source'), cell: (m) => m.source },
            { title: t('destination'), cell: (m) => m.destination },
            { title: t('alerts'), right: true, cell: (m) => number(m.alerts) },
          ]} />
      )}
    </div>
  );
}

export function ExceptionAsk({ first, button, title, before, done, kind = '' }: {
  first: Partial<Draft>; button: string; title: string; kind?: '' | 'main'; done: () => void;
  before?: (reason: string) => Promise<unknown>; // what is done as well, after the exception stands
}) {
  const [draft, setDraft] = useState<Draft>({ rule: '', source: '', destination: '', sensor: '', ...first });
  const [never, setNever] = useState('alert');
  const [days, setDays] = useState('30');
  const edit = (key: keyof Draft) => (v: string) => setDraft({ ...draft, [key]: v.trim() });
  const make = async (reason: string) => {
    const until = days === '0' ? undefined : new Date(Date.now() + Number(days) * 86400e3).toISOString().slice(0, 19) + 'Z';
    await send('POST', 'exceptions', { ...draft, never, until, reason });
    await before?.(reason);
  };
  return (
    <Ask button={button} kind={kind} title={title} confirm={t('exception-make')} onDo={make}
      done={() => {
        say(t('exception-made'));
        done();
      }}>
      <div class="grid-form">
        <TextField label={t('rule')} help={t('rule-help')} value={draft.rule} onValue={edit('rule')} placeholder={t('any')} />
        <TextField label={t('source')} value={draft.source} onValue={edit('source')} placeholder={t('any')} />
        <TextField label={t('destination')} value={draft.destination} onValue={edit('destination')} placeholder={t('any')} />
        <TextField label={t('sensor')} value={draft.sensor} onValue={edit('sensor')} placeholder={t('any')} />
        <Choice label={t('never')} value={never} onValue={setNever} options={[['alert', t('never.alert')], ['block', t('never.block')]]} />
        <Choice label={t('until')} value={days} onValue={setDays}
          options={[['1', t('days', { n: 1 })], ['7', t('days', { n: 7 })], ['30', t('days', { n: 30 })], ['90', t('days', { n: 90 })], ['0', t('for-ever')]]} />
      </div>
      <PreviewOf draft={draft} />
    </Ask>
  );
}

/** A cut that should not have been: the host is let back and the rule no longer strikes it. */
export function FalsePositive({ cut, session, again }: { cut: Cut; session: Session; again: () => void }) {
  const rule = ruleOf(cut.threat_id);
  if (!may(session, CHANGE | APPROVE) || !rule) return null;
  const release = async (reason: string) => {
    if (RELEASABLE.includes(cut.state)) await send('POST', cutPath(cut, cut.state === 'held' ? 'refuse' : 'release'), { reason });
  };
  return <ExceptionAsk button={t('false-positive')} title={t('false-positive-title', { name: threatName(cut.threat) })}
    first={{ rule, source: cut.ip }} before={release} done={again} />;
}

export function Ends({ cut }: { cut: Cut }) {
  if (cut.ends) return <>{t('ends')} <Time ns={cut.ends} exact /></>;
  return <>{t('until-released')}</>;
}
