/// The views: what the published tables and a person with `sqlite3` ask for.
enum SchemaViews {
  static let all = measured + results

  /// What snapshots are made of, row by row: each a snapshot's rows, which its number tells (`SnapshotRows`).
  private static let measured = """
    CREATE VIEW draw_metrics AS
      -- The quantized network under one calibration sample (draw); draw_result adds the percent decrease.
      SELECT s.trial, s.epoch, d.id >> 19 & 131071 AS draw, d.quantized_accuracy, d.qmse, d.qce, d.qkl, d.logit_mse,
        d.changed_predictions,
        d.special -- as in layer_statistics
      FROM snapshot s CROSS JOIN snapshot_draw d ON d.id >= s.id << 36 AND d.id < (s.id + 1) << 36;

    CREATE VIEW layer_statistics AS
      -- One tensor of one layer. kind: W weights, F weights with BatchNorm folded in, A activations, G gradients;
      -- W and F do not depend on the calibration sample: their draw is 0.
      SELECT s.trial, s.epoch, l.id >> 19 & 131071 AS draw, l.id & 131071 AS layer_index,
        substr('WFAG', (l.id >> 17 & 3) + 1, 1) AS kind,
        l.layer, l.count,
        l.minimum, l.maximum, -- of all values
        l.mean, l.standard_deviation,
        -- what range and precision are taken between: the extremes; the 1st and 99th percentile for A
        l.lower, l.upper,
        l.upper - l.lower AS range,
        l.average_precision, -- NULL where the range is 0
        l.sparsity,
        l.kurtosis, -- excess
        l.channel_kurtosis, -- mean over channels
        l.kl_from_uniform, -- nats
        l.sqnr, -- dB
        -- numbers REAL cannot hold, such as 'mean=NaN minimum=-0': SQLite keeps NaN as NULL and -0 as 0
        l.special,
        l.histogram, -- little-endian uint32: 256 equal bins over minimum ... maximum
        l.channel_lower, l.channel_upper -- little-endian float32, one per output channel
      FROM snapshot s CROSS JOIN snapshot_layer l ON l.id >= s.id << 36 AND l.id < (s.id + 1) << 36;

    CREATE VIEW layer_error AS
      -- A layer's output in the quantized network against fp32.
      SELECT s.trial, s.epoch, e.id >> 19 & 131071 AS draw, e.id & 131071 AS layer_index, e.layer, e.mse,
        e.sqnr, -- dB
        -- of the network's output, with only this layer's weights quantized
        e.weights_alone_qmse,
        e.activations_alone_qmse,
        e.special -- as in layer_statistics
      FROM snapshot s CROSS JOIN snapshot_error e ON e.id >= s.id << 36 AND e.id < (s.id + 1) << 36;

    """

  private static let results = """
    CREATE VIEW draw_result AS
      -- Every quantized network: one row per trial, epoch and calibration sample (4.11).
      SELECT s.trial, t.label, t.network, t.seed, s.epoch, d.id >> 19 & 131071 AS draw,
        s.test_accuracy AS fp32_accuracy, d.quantized_accuracy AS quint8_accuracy,
        abs(s.test_accuracy - d.quantized_accuracy) / nullif(s.test_accuracy, 0) * 100 AS percent_decrease,
        (s.test_accuracy - d.quantized_accuracy) / nullif(s.test_accuracy, 0) * 100 AS signed_decrease,
        d.qmse, d.qce, d.qkl, d.logit_mse, d.changed_predictions
      FROM snapshot s JOIN trial t ON t.id = s.trial
        CROSS JOIN snapshot_draw d ON d.id >= s.id << 36 AND d.id < (s.id + 1) << 36;

    CREATE VIEW trial_epoch AS
      -- Means over the calibration samples.
      SELECT s.trial, s.epoch, s.train_loss, s.train_accuracy, s.test_loss, s.test_accuracy AS fp32_accuracy,
        count(d.draw) AS draws, avg(d.quint8_accuracy) AS quint8_accuracy,
        avg(d.percent_decrease) AS percent_decrease, avg(d.signed_decrease) AS signed_decrease,
        avg(d.qmse) AS qmse, avg(d.qce) AS qce, avg(d.qkl) AS qkl, avg(d.logit_mse) AS logit_mse,
        avg(d.changed_predictions) AS changed_predictions
      FROM snapshot s LEFT JOIN draw_result d USING (trial, epoch)
      GROUP BY s.trial, s.epoch;

    CREATE VIEW final_epoch AS
      SELECT trial, max(epoch) AS epoch FROM snapshot GROUP BY trial;

    CREATE VIEW final_result AS
      -- One row per trial, at its last snapshot.
      SELECT t.id AS trial, t.label, t.network, t.block, t.factorization, t.batch_norm, t.initialization, t.seed,
        t.dataset, t.convolution_macs, t.parameters, t.state, t.design, e.epoch, e.train_loss, e.train_accuracy,
        e.test_loss, e.fp32_accuracy, e.draws, e.quint8_accuracy, e.percent_decrease, e.signed_decrease, e.qmse,
        e.qce, e.qkl, e.logit_mse, e.changed_predictions
      FROM trial t JOIN final_epoch f ON f.trial = t.id JOIN trial_epoch e ON e.trial = t.id AND e.epoch = f.epoch;

    CREATE VIEW design_epoch AS
      -- Means over training seeds and calibration samples.
      SELECT t.design, t.network, e.epoch, count(*) AS seeds, avg(e.draws) AS draws,
        avg(e.fp32_accuracy) AS fp32_accuracy, avg(e.quint8_accuracy) AS quint8_accuracy,
        avg(e.percent_decrease) AS percent_decrease, avg(e.signed_decrease) AS signed_decrease,
        avg(e.qmse) AS qmse, avg(e.qce) AS qce, avg(e.qkl) AS qkl, avg(e.logit_mse) AS logit_mse,
        avg(e.changed_predictions) AS changed_predictions
      FROM trial t JOIN trial_epoch e ON e.trial = t.id
      GROUP BY t.design, e.epoch;

    CREATE VIEW table_4_2 AS
      -- Final networks; accuracies in percent, means over seeds and calibration samples.
      SELECT network, avg(fp32_accuracy) * 100 AS fp32, avg(quint8_accuracy) * 100 AS quint8, avg(qmse) AS qmse,
        avg(qce) AS qce, avg(percent_decrease) AS percent_decrease, count(*) AS seeds, avg(draws) AS draws,
        max(epoch) AS epoch, sum(state = 'completed') AS completed, sum(state = 'diverged') AS diverged,
        sum(state = 'vanished') AS vanished, sum(state = 'stopped') AS stopped
      FROM final_result WHERE state IN ('completed', 'diverged', 'vanished', 'stopped')
      GROUP BY design ORDER BY network, design;

    CREATE VIEW table_4_3 AS
      -- FP32 accuracy / quint8 accuracy / percent decrease at epochs of training, in percent.
      WITH cell AS (
        SELECT design, network, epoch, printf('%.2f/%.2f/%.2f', fp32_accuracy * 100, quint8_accuracy * 100,
          percent_decrease) AS value
        FROM design_epoch)
      SELECT network, max(value) FILTER (WHERE epoch = 5) AS epoch_5,
        max(value) FILTER (WHERE epoch = 50) AS epoch_50, max(value) FILTER (WHERE epoch = 75) AS epoch_75,
        max(value) FILTER (WHERE epoch = 150) AS epoch_150, max(value) FILTER (WHERE epoch = 200) AS epoch_200
      FROM cell GROUP BY design ORDER BY network, design;

    CREATE VIEW table_4_4 AS
      -- QMSE at epochs of training.
      SELECT network, max(qmse) FILTER (WHERE epoch = 5) AS epoch_5, max(qmse) FILTER (WHERE epoch = 50) AS epoch_50,
        max(qmse) FILTER (WHERE epoch = 75) AS epoch_75, max(qmse) FILTER (WHERE epoch = 150) AS epoch_150,
        max(qmse) FILTER (WHERE epoch = 200) AS epoch_200
      FROM design_epoch GROUP BY design ORDER BY network, design;

    CREATE VIEW fold_change AS
      -- What folding BatchNorm into the weights changes: F minus W.
      SELECT s.trial, s.epoch, w.id & 131071 AS layer_index, w.layer, w.upper - w.lower AS range_w,
        f.upper - f.lower AS range_f, (f.upper - f.lower) - (w.upper - w.lower) AS range_change,
        w.average_precision AS precision_w, f.average_precision AS precision_f,
        f.average_precision - w.average_precision AS precision_change
      FROM snapshot s CROSS JOIN snapshot_layer w ON w.id >= s.id << 36 AND w.id < (s.id << 36) + 131072
        CROSS JOIN snapshot_layer f ON f.id = w.id + 131072;

    CREATE VIEW metric AS
      -- draw_result with one row per metric.
      SELECT trial, epoch, draw, 'fp32_accuracy' AS metric, fp32_accuracy AS value FROM draw_result
      UNION ALL SELECT trial, epoch, draw, 'quint8_accuracy', quint8_accuracy FROM draw_result
      UNION ALL SELECT trial, epoch, draw, 'percent_decrease', percent_decrease FROM draw_result
      UNION ALL SELECT trial, epoch, draw, 'signed_decrease', signed_decrease FROM draw_result
      UNION ALL SELECT trial, epoch, draw, 'qmse', qmse FROM draw_result
      UNION ALL SELECT trial, epoch, draw, 'qce', qce FROM draw_result
      UNION ALL SELECT trial, epoch, draw, 'qkl', qkl FROM draw_result
      UNION ALL SELECT trial, epoch, draw, 'logit_mse', logit_mse FROM draw_result
      UNION ALL SELECT trial, epoch, draw, 'changed_predictions', changed_predictions FROM draw_result;

    CREATE VIEW spread AS
      -- Mean and spread over training seeds and calibration samples, and how it splits between the two.
      -- Variances are unbiased (n - 1), NULL where n is 1. seed_component is the part of variance_of_seed_means
      -- that the spread between draws does not explain (one-way random effects).
      WITH by_seed AS (
          SELECT trial, epoch, metric, avg(value) AS mean, count(value) AS draws FROM metric
          GROUP BY trial, epoch, metric),
        within AS (
          SELECT m.trial, m.epoch, m.metric,
            sum((m.value - b.mean) * (m.value - b.mean)) / nullif(b.draws - 1, 0) AS variance
          FROM metric m JOIN by_seed b USING (trial, epoch, metric) GROUP BY m.trial, m.epoch, m.metric),
        per_seed AS (
          SELECT t.design, t.network, b.epoch, b.metric, b.mean, b.draws, w.variance
          FROM by_seed b JOIN within w USING (trial, epoch, metric) JOIN trial t ON t.id = b.trial),
        overall AS (
          SELECT design, epoch, metric, avg(mean) AS mean, count(mean) AS seeds, avg(draws) AS draws,
            avg(variance) AS within
          FROM per_seed GROUP BY design, epoch, metric),
        parts AS (
          SELECT p.network, p.design, p.epoch, p.metric, o.mean, o.seeds, o.draws, o.within,
            sum((p.mean - o.mean) * (p.mean - o.mean)) / nullif(o.seeds - 1, 0) AS between_seeds
          FROM per_seed p JOIN overall o USING (design, epoch, metric) GROUP BY p.design, p.epoch, p.metric)
      SELECT network, epoch, metric, seeds, draws, mean, between_seeds AS variance_of_seed_means,
        within AS mean_variance_between_draws, max(0, between_seeds - within / draws) AS seed_component, design
      FROM parts;
    """
}
