-- As before, but for two things. Rows are locked in the order of everything else: tenant, user, device, connection. And that
-- a device has connected is noted when its node reports the tunnel, because what was allowed may still fail at the node; a
-- tunnel that gets new keys stands, also when the report of it was lost.
-- Notes allowed connections with their lines in the audit log, each only if nothing that allowed it has changed: its
-- device, user and tenant stay locked until the end of the transaction. Answers true or false for each. Unless it is told
-- to wait, it answers null for one whose rows somebody else has locked or changed, which is then to be tried alone.
CREATE OR REPLACE FUNCTION note_connections(tenant uuid, attempts jsonb, waits boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  attempt record;
  answers jsonb := '[]';
BEGIN
  PERFORM set_config('sallyport.tenant_id', tenant::text, true);
  FOR attempt IN
    SELECT * FROM jsonb_to_recordset(attempts) AS a (
      device_id uuid, certificate_sha256 text, token_generation integer, control_key text, goes_on boolean,
      id uuid, user_id uuid, network_id uuid, service_id uuid, transport text, remote_address text, remote_port integer,
      at timestamptz, login_id text, login_started_at timestamptz, ends_at timestamptz, connection_limit integer,
      factor_method text, factor_address text, factor_country text,
      actor text, action text, target text, outcome text, about uuid, details text)
  LOOP
    IF waits THEN
      PERFORM FROM devices device
        JOIN users account ON account.tenant_id = device.tenant_id AND account.id = device.user_id
        JOIN tenants owner ON owner.id = device.tenant_id
        WHERE device.tenant_id = tenant AND device.id = attempt.device_id
          AND attempt.certificate_sha256 IN (device.certificate_sha256, device.previous_certificate_sha256)
          AND device.revoked_at IS NULL
          AND account.token_generation = attempt.token_generation AND account.disabled_at IS NULL
          AND owner.suspended_at IS NULL AND (attempt.control_key = 'device' OR owner.legacy_clients <> 'off')
        FOR SHARE OF owner, account FOR NO KEY UPDATE OF device;
    ELSE
      PERFORM FROM devices device
        JOIN users account ON account.tenant_id = device.tenant_id AND account.id = device.user_id
        JOIN tenants owner ON owner.id = device.tenant_id
        WHERE device.tenant_id = tenant AND device.id = attempt.device_id
          AND attempt.certificate_sha256 IN (device.certificate_sha256, device.previous_certificate_sha256)
          AND device.revoked_at IS NULL
          AND account.token_generation = attempt.token_generation AND account.disabled_at IS NULL
          AND owner.suspended_at IS NULL AND (attempt.control_key = 'device' OR owner.legacy_clients <> 'off')
        FOR SHARE OF owner, account SKIP LOCKED FOR NO KEY UPDATE OF device SKIP LOCKED;
    END IF;
    IF NOT FOUND THEN
      answers := answers || CASE WHEN waits THEN 'false'::jsonb ELSE 'null'::jsonb END;
      CONTINUE;
    END IF;
    -- Who retires an authority locks the tenant first: from here on none of this tenant is retired.
    IF EXISTS (SELECT FROM devices device JOIN certificate_authorities authority
        ON authority.tenant_id = device.tenant_id AND authority.id = device.authority_id
        WHERE device.tenant_id = tenant AND device.id = attempt.device_id AND authority.state = 'retired') THEN
      answers := answers || 'false'::jsonb;
      CONTINUE;
    END IF;
    IF attempt.goes_on THEN
      -- A login that its user extended while this was decided stays as they left it.
      UPDATE connections SET
          login_id = coalesce(attempt.login_id, login_id),
          login_started_at = CASE WHEN login_id = attempt.login_id AND login_started_at > attempt.login_started_at
            THEN login_started_at ELSE attempt.login_started_at END,
          ends_at = CASE WHEN login_id = attempt.login_id AND login_started_at > attempt.login_started_at
            THEN ends_at ELSE attempt.ends_at END
        WHERE tenant_id = tenant AND id = attempt.id AND device_id = attempt.device_id
          AND service_id = attempt.service_id AND ended_at IS NULL AND end_requested_at IS NULL;
      IF NOT FOUND THEN
        answers := answers || 'false'::jsonb;
        CONTINUE;
      END IF;
    ELSE
      IF attempt.connection_limit IS NOT NULL THEN
        -- The connections of a user are counted one at a time; those of the same device give way to this one.
        IF waits THEN
          PERFORM pg_advisory_xact_lock(hashtextextended(attempt.user_id::text, 1668247155));
        ELSIF NOT pg_try_advisory_xact_lock(hashtextextended(attempt.user_id::text, 1668247155)) THEN
          answers := answers || 'null'::jsonb;
          CONTINUE;
        END IF;
        -- Nobody tells the end of connections whose node is gone. The eleven minutes hold a clock's step of ten.
        IF (SELECT count(DISTINCT known.device_id) FROM connections known
            JOIN services carrier ON carrier.id = known.service_id
            WHERE known.tenant_id = tenant AND known.user_id = attempt.user_id AND known.ended_at IS NULL
              AND greatest(known.authorised_at, carrier.last_seen_at) >= attempt.at - interval '11 minutes'
              AND known.device_id <> attempt.device_id) >= attempt.connection_limit THEN
          answers := answers || 'false'::jsonb;
          CONTINUE;
        END IF;
      END IF;
      INSERT INTO connections (tenant_id, id, user_id, device_id, network_id, service_id, control_key, transport,
          remote_address, remote_port, login_id, login_started_at, ends_at)
        VALUES (tenant, attempt.id, attempt.user_id, attempt.device_id, attempt.network_id, attempt.service_id,
          attempt.control_key, attempt.transport, attempt.remote_address, attempt.remote_port,
          attempt.login_id, attempt.login_started_at, attempt.ends_at);
    END IF;
    IF attempt.factor_method IS NOT NULL THEN
      UPDATE devices SET factor_at = attempt.at, factor_method = attempt.factor_method,
          factor_address = attempt.factor_address, factor_country = attempt.factor_country
        WHERE tenant_id = tenant AND id = attempt.device_id;
    END IF;
    IF attempt.goes_on THEN
      UPDATE devices SET last_connected_at = attempt.at
        WHERE tenant_id = tenant AND id = attempt.device_id AND last_connected_at IS NULL;
    END IF;
    INSERT INTO audit_events (tenant_id, actor, action, target, outcome, user_id, details)
      VALUES (tenant, attempt.actor, attempt.action, attempt.target, attempt.outcome, attempt.about, attempt.details);
    answers := answers || 'true'::jsonb;
  END LOOP;
  RETURN answers;
END
$$;
