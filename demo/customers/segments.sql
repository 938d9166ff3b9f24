SELECT city, count(*) AS people, round(avg(spent), 2) AS spent,
       round(100.0 * count(*) FILTER (WHERE interest = 'health') / count(*), 1) AS "health %"
FROM profile
GROUP BY city ORDER BY city;
