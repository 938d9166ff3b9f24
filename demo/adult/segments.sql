SELECT education, count(*) AS people,
       round(100.0 * count(*) FILTER (WHERE income = '>50K') / count(*), 1) AS ">50K %"
FROM profile
GROUP BY education ORDER BY max(education_num);
