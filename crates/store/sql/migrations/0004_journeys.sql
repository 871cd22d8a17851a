-- What the report of a journey reads.
CREATE INDEX message_of_journey ON message (workspace_id, journey_id, node, message_no) WHERE journey_id IS NOT NULL;
