-- 0009_consent: who wants nothing more, who agreed, who looked.
SELECT 1;
