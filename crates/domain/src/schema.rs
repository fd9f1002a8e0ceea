//! The metadata database's tables as diesel sees them; `migrations/` is where they are made.
#![allow(missing_docs, reason = "the columns are documented where they are made and on the models")]

diesel::table! {
    sources (id) {
        id -> BigInt,
        name -> Text,
        host -> Text,
        port -> Integer,
        database -> Text,
        username -> Text,
        password -> Nullable<Text>,
        sslmode -> Text,
        limits -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    destinations (id) {
        id -> BigInt,
        name -> Text,
        settings -> Jsonb,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    pipelines (id) {
        id -> BigInt,
        name -> Text,
        source_id -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    pipeline_destinations (pipeline_id, destination_id) {
        pipeline_id -> BigInt,
        destination_id -> BigInt,
        position -> Integer,
    }
}

diesel::table! {
    queue_backfill_data (id) {
        id -> BigInt,
        uid -> Uuid,
        pipeline_id -> BigInt,
        source_id -> BigInt,
        table_name -> Text,
        filters -> Jsonb,
        filter_sql -> Text,
        write_mode -> Text,
        status -> Text,
        count_record -> BigInt,
        count_byte -> BigInt,
        total_record -> Nullable<BigInt>,
        total_is_estimate -> Bool,
        rows_per_second -> Nullable<Double>,
        bytes_per_second -> Nullable<Double>,
        priority -> Integer,
        run_after -> Timestamptz,
        failures -> Integer,
        max_attempts -> Integer,
        attempt -> Integer,
        claimed_by -> Nullable<Uuid>,
        lease_expires_at -> Nullable<Timestamptz>,
        cancel_requested_at -> Nullable<Timestamptz>,
        pause_requested_at -> Nullable<Timestamptz>,
        error_message -> Nullable<Text>,
        source_shape -> Nullable<Text>,
        options -> Jsonb,
        plan -> Nullable<Jsonb>,
        first_chunk -> BigInt,
        snapshot_at -> Nullable<Timestamptz>,
        task -> Text,
        campaign_id -> Nullable<BigInt>,
        campaign_position -> Nullable<Integer>,
        created_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        finished_at -> Nullable<Timestamptz>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    campaigns (id) {
        id -> BigInt,
        pipeline_id -> BigInt,
        name -> Text,
        tables -> Jsonb,
        cut -> Jsonb,
        window_order -> Text,
        max_running -> Integer,
        free_slots -> Integer,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    campaign_windows (campaign_id, position) {
        campaign_id -> BigInt,
        position -> Integer,
        table_number -> Integer,
        lower_bound -> Nullable<Text>,
        upper_bound -> Nullable<Text>,
        is_null -> Bool,
        job_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    backfill_job_destinations (job_id, destination_id) {
        job_id -> BigInt,
        destination_id -> BigInt,
        position -> Integer,
        status -> Text,
        count_record -> BigInt,
        verified -> Nullable<Bool>,
        verified_by -> Nullable<Text>,
        error_message -> Nullable<Text>,
        quarantined -> BigInt,
        nulled -> BigInt,
    }
}

diesel::table! {
    backfill_chunks (job_id, number) {
        job_id -> BigInt,
        number -> BigInt,
        lower_key -> Nullable<Jsonb>,
        upper_key -> Nullable<Jsonb>,
        status -> Text,
        row_count -> BigInt,
        byte_count -> BigInt,
        attempt -> Integer,
        section -> Integer,
        lower_page -> Nullable<BigInt>,
        upper_page -> Nullable<BigInt>,
        is_last -> Bool,
        nulled -> Jsonb,
        differs -> Nullable<Array<BigInt>>,
        created_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    backfill_quarantine (id) {
        id -> BigInt,
        job_id -> BigInt,
        destination_id -> BigInt,
        chunk -> BigInt,
        place -> BigInt,
        column_name -> Text,
        key -> Jsonb,
        value -> Text,
        reason -> Text,
        row_values -> Jsonb,
        tuple -> Binary,
        status -> Text,
        mended_value -> Nullable<Text>,
        replay_chunk -> Nullable<BigInt>,
        created_at -> Timestamptz,
        mended_at -> Nullable<Timestamptz>,
        replayed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    backfill_workers (id) {
        id -> Uuid,
        hostname -> Text,
        pid -> Integer,
        version -> Text,
        max_jobs -> Integer,
        started_at -> Timestamptz,
        heartbeat_at -> Timestamptz,
    }
}

diesel::table! {
    audit_events (id) {
        id -> BigInt,
        at -> Timestamptz,
        actor -> Text,
        address -> Nullable<Text>,
        request_id -> Nullable<Text>,
        action -> Text,
        target -> Text,
        target_id -> BigInt,
        before -> Nullable<Jsonb>,
        after -> Nullable<Jsonb>,
    }
}

diesel::joinable!(pipelines -> sources (source_id));
diesel::joinable!(pipeline_destinations -> pipelines (pipeline_id));
diesel::joinable!(pipeline_destinations -> destinations (destination_id));
diesel::joinable!(queue_backfill_data -> pipelines (pipeline_id));
diesel::joinable!(queue_backfill_data -> sources (source_id));
diesel::joinable!(campaigns -> pipelines (pipeline_id));
diesel::joinable!(campaign_windows -> campaigns (campaign_id));
diesel::joinable!(backfill_job_destinations -> queue_backfill_data (job_id));
diesel::joinable!(backfill_job_destinations -> destinations (destination_id));
diesel::joinable!(backfill_chunks -> queue_backfill_data (job_id));
diesel::allow_tables_to_appear_in_same_query!(
    sources,
    destinations,
    pipelines,
    pipeline_destinations,
    queue_backfill_data,
    campaigns,
    campaign_windows,
    backfill_job_destinations,
    backfill_chunks,
    backfill_quarantine,
    backfill_workers,
);
