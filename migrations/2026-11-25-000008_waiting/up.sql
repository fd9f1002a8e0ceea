-- Why a running job makes no progress, as its daemon has noted it; of its present attempt alone.
CREATE TABLE backfill_waiting (
    job_id  BIGINT PRIMARY KEY REFERENCES queue_backfill_data (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    reason  TEXT NOT NULL,
    detail  TEXT NOT NULL,
    since   TIMESTAMPTZ NOT NULL
);

-- Whether a moment is within hours of the week: domain::limits::Hours. A window that ends before it begins, or as it
-- does, ends on the next day, and is of the day on which it begins.
CREATE FUNCTION backfill_is_within(hours JSONB, moment TIMESTAMPTZ) RETURNS BOOLEAN LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM
            (SELECT moment AT TIME ZONE (hours ->> 'time_zone') AS here) AS clock,
            jsonb_to_recordset(hours -> 'windows') AS span (days JSONB, "from" TIME, "to" TIME),
            (VALUES (0), (1)) AS begun (days_ago)
        WHERE here >= here::date - days_ago + span."from"
          AND here < here::date - days_ago + span."to"
                     + CASE WHEN span."from" < span."to" THEN interval '0' ELSE interval '1 day' END
          AND (jsonb_array_length(span.days) = 0 OR span.days ? to_char(here::date - days_ago, 'dy'))
    )
$$;

-- Whether a source with these limits may be read at a moment.
CREATE FUNCTION backfill_is_open(limits JSONB, moment TIMESTAMPTZ) RETURNS BOOLEAN LANGUAGE sql STABLE AS $$
    SELECT NOT backfill_is_within(limits -> 'quiet_hours', moment)
       AND (jsonb_typeof(limits -> 'run_hours') IS DISTINCT FROM 'object'
            OR backfill_is_within(limits -> 'run_hours', moment))
$$;
