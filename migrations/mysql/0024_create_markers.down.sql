DROP TABLE `markers`;
