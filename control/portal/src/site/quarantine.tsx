// Who is cut: approve, release one or many, undo a threat; and the life of one cut.
import { APPROVE, part, query, send, upload, url, type Session } from '../toolkit/api';
import { number, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { href } from '../toolkit/route';
import { Ask, Card, Choice, Empty, Facts, Field, Page, say, Shown, Table, TextField, Time } from '../toolkit/ui';
import { useState } from 'preact/hooks';
import { hostName, OVER, RELEASABLE, type Change, type Cut } from './data';
import { sentence } from '../parts/sentences';
import { threatName } from '../parts/threats';
import { CutState, may, Moments } from '../parts/words';
import { CutTools, cutWhy, Ends, FalsePositive, HostLink } from './shared';

// ---- orders ----

export function CutAsk({ host: first, again }: { host?: string; again: () => void }) {
  const [host, setHost] = useState(first ?? '');
  const [minutes, setMinutes] = useState('0');
  return (
    <Ask button={t('cut-host')} kind={first ? 'bad' : ''} danger title={t('cut-host')} confirm={t('cut-it')}
      onDo={(reason) => send('POST', 'quarantines', { host: host.trim(), reason, minutes: Number(minutes) })}
      done={() => {
        say(t('cut-ordered', { name: host }));
        again();
      }}>
      <p>{t('cut-about')}</p>
      <TextField label={t('host')} help={t('host-help')} value={host} onValue={setHost} required autocomplete="off" />
      <Choice label={t('until')} value={minutes} onValue={setMinutes}
        options={[['0', t('until-released')], ['15', t('minutes', { n: 15 })], ['60', t('hours', { n: 1 })], ['480', t('hours', { n: 8 })], ['1440', t('days', { n: 1 })]]} />
    </Ask>
  );
}

function ReleaseMany({ cuts, again }: { cuts: Cut[]; again: () => void }) {
  const release = async (reason: string) => {
    let done = 0;
    for (const c of cuts) {
      await send('POST', `quarantines/${part(c.command_id)}/release`, { reason });
      done++;
    }
    return done;
  };
  return (
    <Ask button={t('release-many', { n: cuts.length })} kind="main" title={t('release-many', { n: cuts.length })}
      confirm={t('release')} onDo={release} disabled={cuts.length === 0}
      done={(n) => {
        say(t('released-many', { n: Number(n) }));
        again();
      }}>
      <p>{t('release-about')}</p>
      <ul class="names">{cuts.slice(0, 20).map((c) => <li>{hostName(c)} – {cutWhy(c)}</li>)}</ul>
      {cuts.length > 20 && <p class="faint">{t('and-more', { n: cuts.length - 20 })}</p>}
    </Ask>
  );
}

function Restore({ again }: { again: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const restore = (reason: string) => {
    if (!file) throw new Error(t('choose-file'));
    return upload<{ released: number; not_cut: number; kept: number }>('undo/import' + query({ name: file.name, reason }), file);
  };
  return (
    <Ask button={t('restore')} title={t('restore')} confirm={t('restore-do')} onDo={restore}
      done={(r) => {
        const n = r as { released: number; not_cut: number; kept: number };
        say(t('restored', { released: number(n.released), not_cut: number(n.not_cut), kept: number(n.kept) }));
        again();
      }}>
      <p>{t('restore-about')}</p>
      <Field label={t('file')}>
        {(p) => <input {...p} type="file" accept=".zip,.csv" required onChange={(e) => setFile(e.currentTarget.files?.[0] ?? null)} />}
      </Field>
    </Ask>
  );
}

function Undo({ cuts, session, again }: { cuts: Cut[]; session: Session; again: () => void }) {
  const [threat, setThreat] = useState('');
  const threats = new Map(cuts.filter((c) => !OVER.includes(c.state)).map((c) => [c.threat_id, threatName(c.threat) || c.threat_id]));
  if (!may(session, APPROVE)) return null;
  return (
    <Card title={t('undo')}>
      <p class="faint">{t('undo-about')}</p>
      <div class="row-form">
        <Choice label={t('threat')} value={threat} onValue={setThreat} options={[['', t('all')], ...threats]} />
        <a class="button" href={url('undo/export.zip' + query({ threat }))} download>{t('undo-export')}</a>
        <a class="button" href={url('undo/export.zip?current=true')} download>{t('undo-current')}</a>
        <Restore again={again} />
      </div>
    </Card>
  );
}

// ---- the list ----

const FILTERS: Record<string, (c: Cut) => boolean> = {
  open: (c) => !OVER.includes(c.state),
  waiting: (c) => c.state === 'held',
  over: (c) => OVER.includes(c.state),
  all: () => true,
};

export function Quarantine({ session }: { session: Session }) {
  const cuts = useApi<{ quarantines: Cut[] }>('quarantines', 'cuts');
  const [filter, setFilter] = useState('open');
  const [selected, setSelected] = useState(new Set<string>());
  const again = () => {
    setSelected(new Set());
    cuts.again();
  };
  return (
    <Page title={t('quarantine')} tools={may(session, APPROVE) && <CutAsk again={again} />}>
      <Shown of={cuts}>
        {({ quarantines: all }) => {
          const rows = all.filter(FILTERS[filter]);
          const picked = rows.filter((c) => selected.has(c.command_id) && RELEASABLE.includes(c.state) && c.state !== 'held');
          return (
            <>
              <Card>
                <div class="bar">
                  <div class="tabs" role="group" aria-label={t('filter')}>
                    {Object.keys(FILTERS).map((f) => (
                      <button type="button" aria-pressed={f === filter} onClick={() => setFilter(f)}>
                        {t(`filter.${f}`)} <span class="count">{number(all.filter(FILTERS[f]).length)}</span>
                      </button>
                    ))}
                  </div>
                  {may(session, APPROVE) && selected.size > 0 && <ReleaseMany cuts={picked} again={again} />}
                </div>
                <Table label={t('quarantine')} rows={rows} id={(c) => c.command_id} empty={t('no-cut')}
                  selected={selected} onSelect={may(session, APPROVE) ? setSelected : undefined}
                  columns={[
                    { title: t('host'), cell: (c) => <HostLink host={c} /> },
                    { title: t('state'), cell: (c) => <CutState state={c.state} /> },
                    { title: t('why'), wide: true, cell: (c) => <a href={href('quarantine', c.command_id)}>{cutWhy(c) || c.command_id}</a> },
                    { title: t('by'), cell: (c) => c.actor || word('cause', c.cause) },
                    { title: t('method'), cell: (c) => c.method || '–' },
                    { title: t('cut-at'), cell: (c) => <Time ns={c.ordered || c.opened} /> },
                    { title: t('verified-at'), cell: (c) => <Time ns={c.verified} /> },
                    { title: '', cell: (c) => <CutTools key={c.command_id + c.state} cut={c} session={session} again={again} /> },
                  ]} />
              </Card>
              <Undo cuts={all} session={session} again={again} />
            </>
          );
        }}
      </Shown>
    </Page>
  );
}

// ---- one cut ----

export function OneCut({ id, session }: { id: string; session: Session }) {
  const cuts = useApi<{ quarantines: Cut[] }>('quarantines', 'cuts');
  const history = useApi<{ history: Change[] }>(`quarantines/${part(id)}/history`, 'cuts');
  // A command's last number runs up with each order; the cut is the same.
  const stem = id.replace(/\.\d+$/, '');
  return (
    <Shown of={cuts}>
      {({ quarantines }) => {
        const cut = quarantines.find((c) => c.command_id.replace(/\.\d+$/, '') === stem);
        if (!cut) return <Page title={t('quarantine')}><Empty>{t('no-such-cut')}</Empty></Page>;
        return (
          <Page title={t('cut-of', { name: hostName(cut) })}
            tools={<><CutTools key={cut.state} cut={cut} session={session} again={cuts.again} /><FalsePositive cut={cut} session={session} again={cuts.again} /></>}>
            <Card>
              <p class="big"><CutState state={cut.state} /> {word('cut-about', cut.state)}</p>
              {cut.note && <p class="note">{sentence(cut.note)}</p>}
              <Moments cut={cut} />
            </Card>
            <div class="columns">
              <Card title={t('why')}>
                <Facts of={[
                  [t('reason'), sentence(cut.reason)], [t('threat'), cut.threat && `${threatName(cut.threat)} (${cut.threat_id})`],
                  [t('category'), cut.category], [t('severity'), cut.severity && word('severity', cut.severity)], ['URL', cut.url],
                  [t('incident'), cut.incident && <a href={href('incidents', cut.incident)}>{cut.incident}</a>],
                ]} />
              </Card>
              <Card title={t('what')}>
                <Facts of={[
                  [t('host'), <HostLink host={cut} />], [t('by'), cut.actor], [t('second-person'), cut.first_yes],
                  [t('cause'), cut.cause.split(' ').map((c) => word('cause', c)).join(', ')], [t('method'), cut.method],
                  [t('mode'), cut.mode && word('mode', cut.mode)], [t('scope'), cut.scope],
                  [t('whole-port'), cut.whole_port && t('yes')], [t('drops'), cut.drops ? number(cut.drops) : ''],
                  [t('until'), <Ends cut={cut} />], [t('review'), cut.review ? <Time ns={cut.review} exact /> : ''], [t('command'), cut.command_id],
                ]} />
              </Card>
            </div>
            <Card title={t('history')}>
              <Shown of={history}>
                {(h) => (
                  <Table label={t('history')} rows={h.history} id={(x) => x.time + x.event + x.to} empty={t('none')}
                    columns={[
                      { title: t('time'), cell: (x) => <Time ns={x.time} exact /> },
                      { title: t('state'), cell: (x) => <CutState state={x.to} /> },
                      { title: t('who'), cell: (x) => (x.actor === 'automatic' ? t('automatic') : x.actor) },
                      { title: t('reason'), wide: true, cell: (x) => sentence(x.reason) },
                      { title: t('method'), cell: (x) => x.method },
                    ]} />
                )}
              </Shown>
            </Card>
          </Page>
        );
      }}
    </Shown>
  );
}
