"""Ready-made views of a snapshot: name -> (what one row is, SQL).

A photo is synthetic where it has a parent; every other one is real.
"""

VIEWS: dict[str, tuple[str, str]] = {}

VIEWS["photos"] = (
    "a photo with the label of the dataset it came with (a synthetic one: that of its parent)",
    """
    WITH sources AS (  -- not one join with OR: DuckDB would compare every pair
        SELECT image_id, origin, image_id AS labelled, 0 AS generation FROM images
        UNION ALL
        SELECT image_id, origin, parent_image_id, 1 FROM images WHERE parent_image_id IS NOT NULL
    ),
    ranked AS (
        SELECT s.image_id, l.* EXCLUDE (image_id, split),
               row_number() OVER (
                   PARTITION BY s.image_id
                   ORDER BY s.generation, l.dataset = s.origin DESC, l.dataset, l.item
               ) AS rank
        FROM sources s JOIN labels l ON l.image_id = s.labelled
    )
    SELECT i.*, r.dataset AS label_dataset, r.item AS label_item, r.categories, r.element,
           r.arrangement, r.perspective, r.mos, r.raters, r.attributes
    FROM images i LEFT JOIN ranked r ON r.image_id = i.image_id AND r.rank = 1
    """,
)

VIEWS["category_balance"] = (
    "a PICD category: photos before and after synthesis, and their shares in [0, 1]",
    """
    WITH real AS (
        SELECT unnest(list_distinct(l.categories)) AS category, l.image_id,
               coalesce(l.image_id, l.dataset || '/' || l.item) AS photo
        FROM labels l
        WHERE l.image_id IS NULL OR l.image_id NOT IN (
            SELECT image_id FROM images WHERE parent_image_id IS NOT NULL)
    ),
    before AS (
        SELECT category, count(DISTINCT photo) AS labelled, count(DISTINCT image_id) AS real
        FROM real GROUP BY category
    ),
    made AS (
        SELECT category, count(*) AS attempted,
               count(DISTINCT image_id) FILTER (accepted) AS accepted
        FROM syntheses GROUP BY category
    ),
    counted AS (
        SELECT c.id AS category, c.abbreviation, c.name,
               coalesce(b.labelled, 0) AS labelled, coalesce(b.real, 0) AS real,
               coalesce(m.attempted, 0) AS attempted, coalesce(m.accepted, 0) AS accepted
        FROM categories c
        LEFT JOIN before b ON b.category = c.id
        LEFT JOIN made m ON m.category = c.id
    )
    SELECT *, real AS before, real + accepted AS after,
           real / nullif(sum(real) OVER (), 0) AS share_before,
           (real + accepted) / nullif(sum(real + accepted) OVER (), 0) AS share_after
    FROM counted ORDER BY category
    """,
)

VIEWS["synthesis_yield"] = (
    "a category and a control: attempts, images, accepted and how well controls were kept",
    """
    SELECT s.category, c.abbreviation, s.control, count(*) AS attempts,
           count(s.image_id) AS images, count(*) FILTER (s.accepted) AS accepted,
           count(*) FILTER (s.accepted) / count(*) AS rate,
           avg(s.edge_f1) AS mean_edge_f1,
           avg(s.edge_f1) FILTER (s.accepted) AS mean_edge_f1_accepted,
           avg(s.depth_corr) AS mean_depth_corr, avg(s.label_score) AS mean_label_score,
           mode(s.reason ORDER BY s.reason) AS most_frequent_reason
    FROM syntheses s LEFT JOIN categories c ON c.id = s.category
    GROUP BY s.category, c.abbreviation, s.control ORDER BY s.category, s.control
    """,
)

VIEWS["teacher_cost"] = (
    "a teacher model: requests, tokens, US dollars, and dollars per accepted reasoning",
    """
    WITH good AS (
        SELECT request_id, count(*) FILTER (accepted) AS accepted
        FROM reasonings GROUP BY request_id
    )
    SELECT r.provider, r.model, count(*) AS requests,
           count(*) FILTER (r.status = 'ok') AS ok,
           count(*) FILTER (r.status = 'refused') AS refused,
           count(*) FILTER (r.status = 'invalid') AS invalid,
           count(*) FILTER (r.status = 'failed') AS failed,
           coalesce(sum(g.accepted), 0)::BIGINT AS accepted,
           coalesce(sum(r.prompt_tokens), 0)::BIGINT AS prompt_tokens,
           coalesce(sum(r.completion_tokens), 0)::BIGINT AS completion_tokens,
           coalesce(sum(r.cost_usd), 0) AS cost_usd,
           sum(r.cost_usd) / nullif(sum(g.accepted), 0) AS usd_per_accepted,
           avg(r.attempts) AS mean_attempts, avg(r.latency_s) AS mean_latency_s
    FROM responses r LEFT JOIN good g USING (request_id)
    GROUP BY r.provider, r.model ORDER BY r.provider, r.model
    """,
)

VIEWS["teacher_agreement"] = (
    "a teacher model and a task: how often its answer is the label's, and passes every check",
    """
    SELECT p.provider, p.model, r.task, count(*) AS answers,
           count(r.agrees_with_label) AS with_label,
           count(*) FILTER (r.agrees_with_label) AS agree,
           count(*) FILTER (r.agrees_with_label) / nullif(count(r.agrees_with_label), 0)
               AS agreement,
           count(*) FILTER (r.accepted) AS accepted,
           count(*) FILTER (r.accepted) / count(*) AS acceptance
    FROM reasonings r LEFT JOIN responses p USING (request_id)
    GROUP BY p.provider, p.model, r.task ORDER BY p.provider, p.model, r.task
    """,
)

VIEWS["teacher_pairs"] = (
    "two teacher models and a task: how often they give the same answer for the same photo",
    """
    WITH answers AS (
        SELECT DISTINCT p.provider || ':' || p.model AS teacher, r.image_id, r.task, r.answer
        FROM reasonings r JOIN responses p USING (request_id)
    )
    SELECT a.teacher AS teacher_a, b.teacher AS teacher_b, a.task, count(*) AS answers,
           count(*) FILTER (a.answer = b.answer) / count(*) AS same
    FROM answers a JOIN answers b
      ON a.image_id = b.image_id AND a.task = b.task AND a.teacher < b.teacher
    GROUP BY ALL ORDER BY ALL
    """,
)

VIEWS["label_conflicts"] = (
    "an answer of a teacher that contradicts the label: a wrong label or a wrong teacher",
    """
    SELECT r.image_id, i.uri, r.task, p.provider, p.model, r.answer, i.label_dataset,
           i.label_item, i.categories, i.perspective, i.mos, r.reasoning, r.request_id
    FROM reasonings r
    LEFT JOIN responses p USING (request_id)
    LEFT JOIN photos i ON i.image_id = r.image_id
    WHERE NOT r.agrees_with_label ORDER BY r.image_id, r.task, r.request_id
    """,
)

VIEWS["lineage"] = (
    "an SFT sample with all that it comes from: reasoning, response, image, parent, label",
    """
    SELECT s.sample_id, s.task, s.split, s.template_id, s.request_id,
           r.accepted AS reasoning_accepted, r.agrees_with_label,
           p.provider, p.model, p.status AS response_status,
           i.image_id, i.origin, i.item, i.uri, s.second_image_id,
           y.attempt_id, y.control, y.prompt AS synthesis_prompt, y.seed AS synthesis_seed,
           i.parent_image_id, parent.origin AS parent_origin, parent.item AS parent_item,
           parent.uri AS parent_uri,
           i.label_dataset, i.label_item, i.categories, i.perspective, i.mos
    FROM sft_samples s
    LEFT JOIN reasonings r
      ON r.request_id = s.request_id AND r.image_id = s.image_id AND r.task = s.task
    LEFT JOIN responses p ON p.request_id = s.request_id
    LEFT JOIN photos i ON i.image_id = s.image_id
    LEFT JOIN images parent ON parent.image_id = i.parent_image_id
    LEFT JOIN (SELECT DISTINCT ON (image_id) * FROM syntheses WHERE accepted
               ORDER BY image_id, attempt_id) y ON y.image_id = s.image_id
    ORDER BY s.sample_id
    """,
)

VIEWS["reject_reasons"] = (
    "a stage and a reason: how many items were dropped, with one example",
    """
    SELECT stage, reason, count(*) AS items, min(item) AS example,
           arg_min(detail, item) AS example_detail
    FROM rejects GROUP BY stage, reason ORDER BY items DESC, stage, reason
    """,
)

VIEWS["split_sizes"] = (
    "a table and a split: number of rows",
    """
    SELECT 'images' AS "table", split, count(*) AS rows FROM images GROUP BY split
    UNION ALL SELECT 'labels', split, count(*) FROM labels GROUP BY split
    UNION ALL SELECT 'sft_samples', split, count(*) FROM sft_samples GROUP BY split
    UNION ALL SELECT 'preferences', split, count(*) FROM preferences GROUP BY split
    ORDER BY ALL
    """,
)

VIEWS["split_leaks"] = (
    "a photo that reaches two splits: by its parent, a sample, a preference or an equal twin",
    """
    SELECT 'parent' AS through, c.image_id, c.split, p.split AS other_split, p.image_id AS other
    FROM images c JOIN images p ON p.image_id = c.parent_image_id WHERE c.split <> p.split
    UNION ALL
    SELECT 'sft_sample', i.image_id, i.split, s.split, s.sample_id
    FROM images i JOIN sft_samples s USING (image_id) WHERE i.split <> s.split
    UNION ALL
    SELECT 'preference', i.image_id, i.split, p.split, p.task
    FROM images i JOIN preferences p USING (image_id) WHERE i.split <> p.split
    UNION ALL
    SELECT 'phash', a.image_id, a.split, b.split, b.image_id
    FROM images a JOIN images b ON a.phash = b.phash AND a.image_id < b.image_id
    WHERE a.split <> b.split
    ORDER BY ALL
    """,
)

VIEWS["judge_errors"] = (
    "a judgement beside the human score: absolute error, largest first",
    """
    SELECT s.judge, s.image_id, p.uri, p.label_dataset, p.mos, s.total,
           abs(s.total - p.mos) AS error, s.parse_ok, s.explanation
    FROM scores s JOIN photos p USING (image_id)
    ORDER BY error DESC NULLS LAST, s.judge, s.image_id
    """,
)
