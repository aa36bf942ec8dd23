// The day so far (R1), and the audit log.
import { threatName } from '../parts/threats';
import { query, url } from '../toolkit/api';
import { Bars } from '../toolkit/chart';
import { currentLanguage, moment, number, percent, t, word } from '../toolkit/i18n';
import { useApi } from '../toolkit/live';
import { Button, Card, Empty, Facts, Level, Page, Shown, Table, Time } from '../toolkit/ui';
import type { Daily } from './data';
import { aboutHost, CutState, inLanguage } from '../parts/words';
import { HostLink } from './shared';

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
                  {h.about && <p class="faint">{aboutHost(h.about)}</p>}
                  {h.root_cause && <p class="cause">{inLanguage(h.root_cause, h.root_cause_ja)}</p>}
                  <Facts of={[[t('cut-at'), h.cut_at_ns ? <Time ns={h.cut_at_ns} exact /> : ''], [t('verified-at'), h.verified_at_ns ? <Time ns={h.verified_at_ns} exact /> : ''], [t('moment.released'), h.released_at_ns ? <Time ns={h.released_at_ns} exact /> : '']]} />
                  {h.handling.length > 0 && <ol class="handling">{inLanguage(h.handling, h.handling_ja).map((x) => <li>{x}</li>)}</ol>}
                </article>
              ))}
            </Card>
            <Card title={t('threats')}>
              <Table label={t('threats')} rows={r.threats} id={(x) => x.name + x.category} empty={t('quiet-day')}
                columns={[
                  { title: t('threat'), wide: true, cell: (x) => threatName(x.name) }, { title: t('category'), cell: (x) => x.category },
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
