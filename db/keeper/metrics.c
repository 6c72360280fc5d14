/* The keeper's part of /-/metrics. Spec: OpenMetrics 1.0. */
#include "customhouse/log.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/budget/budget.h"
#include "db/keeper/intake/intake.h"
#include "db/keeper/intake/rescan.h"
#include "db/keeper/rulings/altered.h"
#include "db/keeper/rulings/rulings.h"

struct queue {
    uint64_t waiting, running, failed, ahead;
};

static void count(void *ctx, const struct ch_intake_row *row, const char *progress)
{
    struct queue *q = ctx;
    (void)progress;
    q->ahead += row->ahead;
    if (row->state == CH_INTAKE_FAILED) {
        q->failed++;
    } else if (row->state == CH_INTAKE_WANTED) {
        q->waiting++;
    } else {
        q->running++;
    }
}

static void family(struct ch_buf *out, const char *name, const char *type, const char *help)
{
    ch_buf_printf(out, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

static void seconds(struct ch_buf *out, const char *name, uint64_t us)
{
    ch_buf_printf(out, "%s %llu.%06llu\n", name, (unsigned long long)(us / 1000000),
                  (unsigned long long)(us % 1000000));
}

static void counter(struct ch_buf *out, const char *name, uint64_t v)
{
    ch_buf_printf(out, "%s %llu\n", name, (unsigned long long)v);
}

void metrics_text(struct keeper *k, struct ch_buf *out)
{
    const struct stats *s = &k->stats;
    struct queue q = {0};
    struct ch_err err;
    family(out, "customhouse_decisions", "counter", "Decisions recorded, by verdict.");
    for (size_t v = 0; v < CH_ARRAY_LEN(s->decisions); v++) {
        ch_buf_printf(out, "customhouse_decisions_total{verdict=\"%s\"} %llu\n",
                      ch_verdict_name((enum ch_verdict)v), (unsigned long long)s->decisions[v]);
    }
    family(out, "customhouse_keeper_log_lines_lost", "counter",
           "Lines of the event log that the keeper had no room for.");
    counter(out, "customhouse_keeper_log_lines_lost_total", ch_log_lost());
    intakes_each(k, count, &q);
    family(out, "customhouse_intake_files", "gauge", "Files on their way in, by state.");
    ch_buf_printf(out, "customhouse_intake_files{state=\"waiting\"} %llu\n",
                  (unsigned long long)q.waiting);
    ch_buf_printf(out, "customhouse_intake_files{state=\"running\"} %llu\n",
                  (unsigned long long)q.running);
    ch_buf_printf(out, "customhouse_intake_files{state=\"failed\"} %llu\n",
                  (unsigned long long)q.failed);
    family(out, "customhouse_budget_waiting", "gauge",
           "Requests that wait, since their clients ask for much that is new.");
    ch_buf_printf(out, "customhouse_budget_waiting %zu\n", budget_waiting(k));
    family(out, "customhouse_intake_oldest_seconds", "gauge",
           "Age of the oldest file on its way in.");
    ch_buf_printf(out, "customhouse_intake_oldest_seconds %llu\n",
                  (unsigned long long)(intakes_oldest_ms(k) / 1000));
    family(out, "customhouse_upstream_requests", "counter", "Fetches from upstreams that ended.");
    counter(out, "customhouse_upstream_requests_total", s->fetches);
    family(out, "customhouse_upstream_errors", "counter", "Fetches without a complete answer.");
    counter(out, "customhouse_upstream_errors_total", s->fetch_errors);
    family(out, "customhouse_upstream_seconds", "counter", "Time spent in fetches.");
    seconds(out, "customhouse_upstream_seconds_total", s->fetch_ms * 1000);
    family(out, "customhouse_upstream_bytes", "counter", "Bytes fetched.");
    counter(out, "customhouse_upstream_bytes_total", s->fetch_bytes);
    family(out, "customhouse_scans", "counter", "Jails that ended.");
    counter(out, "customhouse_scans_total", s->scans);
    family(out, "customhouse_scan_failures", "counter", "Jails that ended without a whole answer.");
    counter(out, "customhouse_scan_failures_total", s->scan_failures);
    family(out, "customhouse_scan_seconds", "counter", "Time that jails took.");
    seconds(out, "customhouse_scan_seconds_total", s->scan_wall_us);
    family(out, "customhouse_scan_cpu_seconds", "counter", "CPU time that jails took.");
    seconds(out, "customhouse_scan_cpu_seconds_total", s->scan_cpu_us);
    struct rescan_state rescan = rescan_state(k);
    family(out, "customhouse_rescan_files", "gauge",
           "Files that inspector or rules in force have yet to see, of the rescan that runs by "
           "itself.");
    ch_buf_printf(out, "customhouse_rescan_files %zu\n", rescan.total - rescan.done);
    family(out, "customhouse_rescan_withdrawn", "gauge", "Files that it withdrew.");
    ch_buf_printf(out, "customhouse_rescan_withdrawn %zu\n", rescan.withdrawn);
    struct audit_state audit;
    audit_state(k, &audit);
    family(out, "customhouse_audit_entries", "gauge", "Entries of the audit log, by state.");
    ch_buf_printf(out, "customhouse_audit_entries{state=\"published\"} %llu\n",
                  (unsigned long long)audit.written);
    ch_buf_printf(out, "customhouse_audit_entries{state=\"waiting\"} %llu\n",
                  (unsigned long long)(audit.next - audit.written));
    family(out, "customhouse_audit_writable", "gauge",
           "Whether the audit log can be written; 0: there is no new ALLOW.");
    ch_buf_printf(out, "customhouse_audit_writable %d\n", audit.trouble[0] == '\0');
    family(out, "customhouse_store_writable", "gauge",
           "Whether the database can be written; 0: nothing new is fetched or allowed.");
    ch_buf_printf(out, "customhouse_store_writable %d\n", keeper_store_trouble(k) == NULL);
    family(
        out, "customhouse_unsaved_rulings", "gauge",
        "Denials and revocations that are in force and not stored yet: a restart would lose them.");
    ch_buf_printf(out, "customhouse_unsaved_rulings %u\n", atomic_load(&k->child.epoch->unsaved));
    family(out, "customhouse_rulings_altered", "gauge",
           "Approvals that are not taken, and denials in force without their rows: the database is "
           "not what the audit log says.");
    struct altered altered = altered_now(k);
    ch_buf_printf(out, "customhouse_rulings_altered %zu\n", altered.approvals + altered.denials);
    family(out, "customhouse_exceptions_altered", "gauge",
           "Open exceptions that nobody can approve: the database is not what the audit log says.");
    ch_buf_printf(out, "customhouse_exceptions_altered %zu\n", altered.exceptions);
    family(
        out, "customhouse_people_altered", "gauge",
        "Rows about people that give nothing, or are gone: the database is not what the audit log "
        "says.");
    ch_buf_printf(out, "customhouse_people_altered %zu\n", altered.people);
    family(out, "customhouse_store_bytes", "gauge", "Bytes of artifacts, by place.");
    static const struct {
        enum ch_blob_place place;
        const char *name;
    } places[] = {{CH_BLOB_UNDECIDED, "undecided"}, {CH_BLOB_SERVED, "served"}};
    for (size_t i = 0; i < CH_ARRAY_LEN(places); i++) {
        uint64_t bytes = 0, files = 0;
        if (ch_store_blob_bytes(k->store, places[i].place, &bytes, &files, &err) == CH_OK) {
            ch_buf_printf(out, "customhouse_store_bytes{place=\"%s\"} %llu\n", places[i].name,
                          (unsigned long long)bytes);
        }
    }
}
