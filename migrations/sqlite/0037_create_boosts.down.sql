DROP TABLE boosts;
