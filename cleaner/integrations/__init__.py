"""Engines that map and group beyond one process: thin adapters without cleaning logic.

``duckdb``, ``ray`` and ``spark`` run the miner's two passes; ``ray``, ``spark`` and ``datatrove``
clean, all by `arrow.clean_batch`; ``scrapy`` cleans a crawl's items by a service. Each is imported
by who uses it and needs the extra of its name.

What one billion pages take, on paper, from what `cleaner.bench.scale` and its pages of 20 lines
(1.7 KB of text) showed on one core; a page of 290 lines is 14 times that:

* Cores. Counting takes 0.45 ms a page and looking 0.53 ms; with reading, sending and grouping
  100,000 pages took DuckDB 142 processor seconds (and 1.1 GB at the peak): 1.4 million core
  seconds, 390 core hours, an hour and a half on 256 cores. Both passes are linear in lines, and no
  task waits for another.
* Bytes through the shuffle. A batch of 512 pages of a hundred publishers makes 42 rows of 88 bytes
  for each page, since most lines stand on one page alone: 3.7 TB, 1.4 TB as LZ4 packs them. That
  is what not to do. A page's examples are cut off at sixteen for each candidate, so the second
  pass ends with half a row (130 bytes) a page.
* So partition by publisher. Sort the crawl by registered domain into files that hold all pages of
  a publisher, and what stands on one page alone is dropped where it was made: 1.1 rows a page are
  left, 100 GB, 47 GB packed. Then each file can be mined whole by `miner.Here`, nothing is
  shuffled, and only the units' number of publishers goes around.
* Memory of the broadcast. A publisher of a thousand pages has some 130 candidates of 8 bytes: 1 KB
  for each of a million publishers, 1 GB in each worker. Ray and Spark send them once to a machine
  or a worker; by publisher a task needs no more than its own kilobyte.
* Judging runs in the process that asked: 0.5 s for such a publisher, 130 core hours for a million.
  It knows one publisher at a time, so beyond some thousand publishers it belongs into the tasks.
* One machine with DuckDB goes as far as its disk: 3.7 GB for each million pages before packing,
  whatever the memory.
"""
