ALTER TABLE reports DROP COLUMN decision_id;
ALTER TABLE reports DROP COLUMN decision;
ALTER TABLE reports DROP COLUMN assigned_to_id;
ALTER TABLE reports DROP COLUMN rule;
