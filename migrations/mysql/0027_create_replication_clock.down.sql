DROP TABLE `replication_clock`;
