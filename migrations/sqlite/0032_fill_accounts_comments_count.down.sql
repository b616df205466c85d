UPDATE accounts SET comments_count = 0, open_comments_count = 0;
