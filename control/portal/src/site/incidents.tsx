// What happened: incidents with their root cause, steps and what to do.
import { t, word } from '../toolkit/i18n';
import { part, query, type Session } from '../toolkit/api';
import { useApi } from '../toolkit/live';
import { href } from '../toolkit/route';
import { Badge, Card, Empty, Facts, Level, Page, Shown, Time, Code } from '../toolkit/ui';
import { useState } from 'preact/hooks';
import { threatName } from '../parts/threats';
import type { Cut, Incident, Step } from './data';
import { CutState, inLanguage, Technique } from '../parts/words';
import { CutTools, FalsePositive } from './shared';

export function Incidents() {
  const [open, setOpen] = useState(true);
  const list = useApi<{ incidents: Incident[] }>('incidents' + query({ open }), 'incidents', 'cuts');
  return (
    <Page title={t('incidents')}>
      <Card>
        <div class="tabs" role="group" aria-label={t('filter')}>
          <button type="button" aria-pressed={open} onClick={() => setOpen(true)}>{t('filter.open')}</button>
          <button type="button" aria-pressed={!open} onClick={() => setOpen(false)}>{t('filter.all')}</button>
        </div>
        <Shown of={list}>
          {({ incidents }) => incidents.length === 0 ? <Empty>{t('no-open-incident')}</Empty> : (
            <ul class="rows incidents">
              {incidents.map((i) => (
                <li key={i.id}>
                  <Level level={i.level} />
                  <div>
                    <a href={href('incidents', i.id)}><b>{threatName(i.title)}</b></a>
                    <p>{i.host}{i.closed ? ` · ${t('closed')}` : ''}</p>
                    <p class="faint">{inLanguage(i.cause, i.cause_ja)}</p>
                    <p>{i.techniques.slice(0, 6).map((x) => <Technique id={x} />)}</p>
                  </div>
                  <div class="right"><Time ns={i.updated} /><p class="faint">{t('n-alerts', { n: i.alerts })}</p></div>
                </li>
              ))}
            </ul>
          )}
        </Shown>
      </Card>
    </Page>
  );
}

function Steps({ steps }: { steps: Step[] }) {
  return (
    <ol class="steps">
      {steps.map((s) => (
        <li class={s.level}>
          <div class="step-head"><Time ns={s.first} exact /><Badge>{word('stage', s.stage)}</Badge>{s.technique && <Technique id={s.technique} />}
            {s.hits > 1 && <span class="faint">× {s.hits}</span>}</div>
          <p>{inLanguage(s.text, s.text_ja)}</p>
          {s.file && <p class="faint">{t('file')}: <Code>{s.file}</Code></p>}
          {s.url && <p class="faint">URL: <Code>{s.url}</Code></p>}
          {s.sha256 && <p class="faint">SHA-256: <Code>{s.sha256}</Code></p>}
        </li>
      ))}
    </ol>
  );
}

export function OneIncident({ id, session }: { id: string; session: Session }) {
  const found = useApi<{ incidents: Incident[] }>(`incidents/${part(id)}`, 'incidents', 'cuts');
  const cuts = useApi<{ quarantines: Cut[] }>('quarantines', 'cuts');
  return (
    <Shown of={found}>
      {({ incidents: [i] }) => {
        const cut = cuts.data?.quarantines.find((c) => c.incident === i.id || c.host_id === i.host_id);
        return (
          <Page title={threatName(i.title)} tools={cut && <><CutTools key={cut.state} cut={cut} session={session} again={cuts.again} /><FalsePositive cut={cut} session={session} again={cuts.again} /></>}>
            <Card>
              <p class="big"><Level level={i.level} /> <a href={href('hosts', i.host_id)}>{i.host}</a></p>
              <p class="cause">{inLanguage(i.cause, i.cause_ja)}</p>
              <Facts of={[
                [t('attacker'), i.attacker], [t('victim'), i.victim], [t('risk'), `${Math.round(i.risk * 100)} %`],
                [t('began'), <Time ns={i.opened} exact />], [t('last-sign'), <Time ns={i.updated} exact />],
                [t('closed'), i.closed ? <Time ns={i.closed} exact /> : ''], [t('alerts'), String(i.alerts)],
                [t('techniques'), i.techniques.length ? <>{i.techniques.map((x) => <Technique id={x} />)}</> : ''],
                [t('affected'), i.affected.join(', ')],
                [t('linked'), i.linked.length ? <>{i.linked.map((x) => <><a href={href('incidents', x)}>{x}</a> </>)}</> : ''],
                [t('cut-state'), cut ? <a href={href('quarantine', cut.command_id)}><CutState state={cut.state} /></a> : ''],
              ]} />
            </Card>
            <div class="columns">
              <Card title={t('handling')}>
                <ol class="handling">{inLanguage(i.handling, i.handling_ja).map((x) => <li>{x}</li>)}</ol>
              </Card>
              <Card title={t('steps')}><Steps steps={i.steps} /></Card>
            </div>
          </Page>
        );
      }}
    </Shown>
  );
}
