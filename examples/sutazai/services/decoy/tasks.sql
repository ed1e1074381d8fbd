CREATE TABLE tasks (id text PRIMARY KEY, prompt text, status text, result text, worker text);
INSERT INTO tasks VALUES ('1', 'hello', 'done', '1 words', 'worker-1');
