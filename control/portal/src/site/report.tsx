// The day so far (R1), and the audit log.
import { query, url } from '../toolkit/api';
import { Bars } from '../toolkit/chart';
import { currentLanguage, moment, number, percent, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { Badge, Button, Card, Empty, Facts, Level, Page, say, Shown, Table, Time } from '../toolkit/ui';
import { useState } from 'preact/hooks';
import { get } from '../toolkit/api';
import type { AuditLine, Daily } from './data';
import { CutState, HostLink, inLanguage } from './shared';

export function Report() {
  const report = useApi<Daily>('report/daily', 'incidents', 'cuts');
  const file = url('report/daily' + query({ form: 'html', language: currentLanguage() }));
  return (
    <Page title={t('report')} tools={<><a class="button" href={file} download>{t('report-file')}</a><Button onClick={() => print()}>{t('print')}</Button></>}>
      <Shown of={report}>
        {(r) => (
          <>
            <Card>
              <p class="big">{r.site}</p>
              <p class="faint">{moment(r.from_ns)} – {moment(Math.min(r.to_ns, Date.now() * 1e6))} · {t('so-far')}</p>
              <p>{t('report-summary', { threats: number(r.threats.length), hosts: number(r.hosts.length), cut: number(r.hosts.filter((h) => h.cut_at_ns).length) })}</p>
              <Bars label={t('detections-by-hour')} bars={r.per_hour.map((value, h) => ({ label: `${h}:00`, tick: h % 3 === 0 ? String(h) : undefined, value, now: h === new Date().getHours() }))} />
            </Card>
            <Card title={t('report-hosts')}>
              {r.hosts.length === 0 ? <Empty>{t('quiet-day')}</Empty> : r.hosts.map((h) => (
                <article class="report-host">
                  <h3><Level level={h.level || 'safe'} /> <HostLink host={h} /> {h.cut_state && <CutState state={h.cut_state} />}</h3>
                  {h.about && <p class="faint">{h.about}</p>}
                  {h.root_cause && <p class="cause">{inLanguage(h.root_cause, h.root_cause_ja)}</p>}
                  <Facts of={[[t('cut-at'), h.cut_at_ns ? <Time ns={h.cut_at_ns} exact /> : ''], [t('verified-at'), h.verified_at_ns ? <Time ns={h.verified_at_ns} exact /> : ''], [t('moment.released'), h.released_at_ns ? <Time ns={h.released_at_ns} exact /> : '']]} />
                  {h.handling.length > 0 && <ol class="handling">{inLanguage(h.handling, h.handling_ja).map((x) => <li>{x}</li>)}</ol>}
                </article>
              ))}
            </Card>
            <Card title={t('threats')}>
              <Table label={t('threats')} rows={r.threats} id={(x) => x.name + x.category} empty={t('quiet-day')}
                columns={[
                  { title: t('threat'), wide: true, cell: (x) => x.name }, { title: t('category'), cell: (x) => x.category },
                  { title: t('severity'), cell: (x) => word('severity', x.severity) },
                  { title: t('hosts'), right: true, cell: (x) => number(x.hosts) }, { title: t('times'), right: true, cell: (x) => number(x.hits) },
                  { title: t('first'), cell: (x) => <Time ns={x.first_ns} exact /> }, { title: t('last-sign'), cell: (x) => <Time ns={x.last_ns} exact /> },
                ]} />
            </Card>
            <Card title={t('blind')}>
              <p>{t('blind-text', { packets: number(r.packets), lost: number(r.lost), share: percent(r.packets ? r.lost / r.packets : 0) })}</p>
              {r.blind.length > 0 && <ul class="lint">{r.blind.map((b) => <li><b>{b.sensor}</b> {b.sentence}</li>)}</ul>}
            </Card>
          </>
        )}
      </Shown>
    </Page>
  );
}

// ---- audit ----

interface Verified { whole: boolean; lines: number; hash: string; bad: number; problem: string }

function detailOf(detail: Record<string, unknown>): string {
  return Object.entries(detail ?? {}).filter(([, v]) => v !== '' && v !== null)
    .map(([k, v]) => `${k}: ${typeof v === 'object' ? JSON.stringify(v) : String(v)}`).join(' · ');
}

export function Audit() {
  const [most, setMost] = useState(100);
  const [find, setFind] = useState('');
  const [verified, setVerified] = useState<Verified | null>(null);
  const log = useApi<{ audit: AuditLine[]; lines: number; hash: string }>(`audit?most=${most}`, 'audit', 'cuts', 'state');
  const fits = (x: AuditLine) => !find || `${x.actor} ${x.what} ${JSON.stringify(x.detail)}`.toLowerCase().includes(find.toLowerCase());
  return (
    <Page title={t('audit')} tools={<Button onClick={() => void get<Verified>('audit/verify').then(setVerified, (e: Error) => say(e.message))}>{t('verify')}</Button>}>
      <Card>
        {verified && <p class={`note ${verified.whole ? 'good' : 'bad'}`} role="status">{verified.whole ? t('audit-whole', { n: number(verified.lines) }) : `${t('audit-bad', { n: number(verified.bad) })} ${verified.problem}`}</p>}
        <Shown of={log}>
          {(l) => (
            <>
              <div class="row-form" role="search">
                <div class="field"><label for="find">{t('search')}</label><input id="find" type="search" value={find} onInput={(e) => setFind(e.currentTarget.value)} /></div>
                <p class="faint head-hash">{t('audit-head')} <code>{l.lines}:{l.hash.slice(0, 16)}…</code></p>
              </div>
              <Table label={t('audit')} rows={l.audit.filter(fits)} id={(x) => String(x.n)} empty={t('none')}
                columns={[
                  { title: '#', right: true, cell: (x) => x.n },
                  { title: t('time'), cell: (x) => <Time ns={Date.parse(x.time) * 1e6} exact /> },
                  { title: t('who'), cell: (x) => (x.actor === 'automatic' ? <Badge>{t('automatic')}</Badge> : <b>{x.actor}</b>) },
                  { title: t('what'), cell: (x) => word('audit', x.what) },
                  { title: t('detail'), wide: true, cell: (x) => <span class="detail">{detailOf(x.detail)}</span> },
                ]} />
              {most < 900 && l.lines > most && <div class="actions"><Button onClick={() => setMost(Math.min(999, most * 3))}>{t('more')}</Button></div>}
            </>
          )}
        </Shown>
      </Card>
    </Page>
  );
}
