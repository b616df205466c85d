ALTER TABLE accounts DROP COLUMN filters;
ALTER TABLE accounts DROP COLUMN exclusive_lists;
