-- What each client of a network may send and be sent; null is no limit.
ALTER TABLE networks
  ADD COLUMN upload_kilobits_per_second integer CHECK (upload_kilobits_per_second > 0),
  ADD COLUMN download_kilobits_per_second integer CHECK (download_kilobits_per_second > 0),
  ADD COLUMN upload_packets_per_second integer CHECK (upload_packets_per_second > 0),
  ADD COLUMN download_packets_per_second integer CHECK (download_packets_per_second > 0);
