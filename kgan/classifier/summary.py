"""What is known of a classifier, for a person."""


def summary(classifier, path):
    """The record of a classifier as lines, its anchors as a table."""
    record, splits = classifier.record, classifier.record["splits"]
    when = f"seed {record['seed']}, {record['date']}"
    shape = "x".join(map(str, classifier.shape))
    return "\n".join(
        [
            f"{classifier.extractor['id']}: {len(classifier.class_names)} classes of {shape}",
            f"accuracy: {classifier.accuracy:.4f} on {splits['test']:,} images ({splits['held_out']})",
            f"trained: on {splits['train']:,} images in {record['seconds']:.0f} s, {when}",
            f"weights: SHA-256 {classifier.sha256}",
            f"file: {path}",
            "",
            table(classifier.anchors, classifier.extractor["id"], classifier.dim),
        ]
    )


def table(rows, name, dim, classes=5):
    """The anchors as lines; of many missing classes those that show least and most. `dim` is that of the features."""
    missing = sorted((row for row in rows if " without " in row["name"]), key=lambda row: row["value"])
    shown = [row for row in rows if row not in missing]
    shown += missing if len(missing) <= classes else [missing[0], missing[len(missing) // 2], missing[-1]]
    width = max(len(row["name"]) for row in shown)
    lines = [f"FD-{name}, training images against", f"{'':{width}}  {'FD':>10}  {'n':>6}  {'n_ref':>6}"]
    for row in shown:
        line = f"{row['name']:{width}}  {row['value']:10.4f}  {row['n']:6}  {row['n_ref']:6}"
        lines.append(line + ("  (rank-deficient: n < d)" if min(row["n"], row["n_ref"]) < dim else ""))
    if len(shown) < len(rows):
        lines.append(f"Of {len(missing)} missing classes: the one that shows least, the middle one, and the most.")
    return "\n".join(lines)
