-- The people of the demonstration, and a login that may read them and nothing else. seed.py parts the batches at GO
-- and puts the password in, as sqlcmd would. Run again, it changes nothing.
IF DB_ID(N'people') IS NULL
    CREATE DATABASE people;
GO
USE people;
GO
IF OBJECT_ID(N'dbo.app_users') IS NULL
    CREATE TABLE dbo.app_users (
        employee_no int NOT NULL,
        email nvarchar(200) NULL,
        full_name nvarchar(200) NULL,
        department varchar(40) COLLATE Latin1_General_100_CI_AS NULL,
        is_active bit NOT NULL,
        role varchar(40) NULL,
        hired_on date NOT NULL
    );
GO
WITH given (g, name, plain) AS (
    SELECT 0, N'Zoë', 'zoe' UNION ALL SELECT 1, N'Jürgen', 'juergen' UNION ALL
    SELECT 2, N'Łukasz', 'lukasz' UNION ALL SELECT 3, N'François', 'francois' UNION ALL
    SELECT 4, N'小龍', 'xiaolong' UNION ALL SELECT 5, N'Αλεξάνδρα', 'alexandra' UNION ALL
    SELECT 6, N'عمر', 'omar' UNION ALL SELECT 7, N'Siobhán', 'siobhan' UNION ALL
    SELECT 8, N'Ørjan', 'orjan' UNION ALL SELECT 9, N'अनीता', 'anita' UNION ALL
    SELECT 10, N'Наталья', 'natalia' UNION ALL SELECT 11, N'Grace 𝄞', 'grace'
), family (f, name, plain) AS (
    SELECT 0, N'Müller', 'mueller' UNION ALL SELECT 1, N'O''Brien', 'obrien' UNION ALL
    SELECT 2, N'Nguyễn', 'nguyen' UNION ALL SELECT 3, N'Þórsson', 'thorsson' UNION ALL
    SELECT 4, N'García Márquez', 'garcia' UNION ALL SELECT 5, N'Çelik', 'celik' UNION ALL
    SELECT 6, N'Kowalczyk', 'kowalczyk' UNION ALL SELECT 7, N'李', 'li' UNION ALL
    SELECT 8, N'Dvořák', 'dvorak' UNION ALL SELECT 9, N'van den Berg', 'vandenberg' UNION ALL
    SELECT 10, N'Ionescu', 'ionescu' UNION ALL SELECT 11, N'Sæther', 'saether' UNION ALL
    SELECT 12, N'Αγγελόπουλος', 'angelopoulos' UNION ALL SELECT 13, N'Mbeki', 'mbeki' UNION ALL
    SELECT 14, N'Šimić', 'simic' UNION ALL SELECT 15, N'Håkansson', 'hakansson' UNION ALL
    SELECT 16, N'da Silva', 'dasilva' UNION ALL SELECT 17, N'Öztürk', 'oeztuerk' UNION ALL
    SELECT 18, N'Fernández', 'fernandez' UNION ALL SELECT 19, N'Петров', 'petrov' UNION ALL
    SELECT 20, N'Tanaka', 'tanaka' UNION ALL SELECT 21, N'Cohen', 'cohen' UNION ALL
    SELECT 22, N'Björk', 'bjoerk' UNION ALL SELECT 23, N'Rossi', 'rossi' UNION ALL
    SELECT 24, N'Smith', 'smith'
), numbered AS (
    SELECT 1000 + g * 25 + f AS employee_no, CONCAT(given.plain, '.', family.plain, '@example.com') AS email,
           CONCAT(given.name, N' ', family.name) AS full_name, g * 25 + f AS n
    FROM given CROSS JOIN family
)
INSERT INTO dbo.app_users (employee_no, email, full_name, department, is_active, role, hired_on)
-- Everybody has one role; three have no address yet, and seven no role: those are held. Nineteen have left.
SELECT employee_no, CASE WHEN n % 100 = 41 THEN NULL ELSE email END, full_name,
       CASE n % 4 WHEN 0 THEN 'Engineering' WHEN 1 THEN 'Finance' WHEN 2 THEN N'Café' END,
       CASE WHEN n % 16 = 5 THEN 0 ELSE 1 END,
       CASE WHEN n % 43 = 17 THEN NULL WHEN n % 60 = 0 THEN 'admin' WHEN n % 3 = 1 THEN 'analyst'
            WHEN n % 7 = 2 THEN 'billing' ELSE 'viewer' END,
       '2020-01-01'
FROM numbered WHERE NOT EXISTS (SELECT * FROM dbo.app_users)
UNION ALL
-- Each fifth is an editor besides.
SELECT employee_no, CASE WHEN n % 100 = 41 THEN NULL ELSE email END, full_name,
       CASE n % 4 WHEN 0 THEN 'Engineering' WHEN 1 THEN 'Finance' WHEN 2 THEN N'Café' END,
       CASE WHEN n % 16 = 5 THEN 0 ELSE 1 END, 'editor', '2020-01-01'
FROM numbered WHERE n % 5 = 3 AND NOT EXISTS (SELECT * FROM dbo.app_users);
GO
IF SUSER_ID(N'auth0_sync') IS NULL
    CREATE LOGIN auth0_sync WITH PASSWORD = N'$(MSSQL_PASSWORD)', DEFAULT_DATABASE = people;
GO
IF USER_ID(N'auth0_sync') IS NULL
    CREATE USER auth0_sync FOR LOGIN auth0_sync;
GO
GRANT SELECT ON dbo.app_users TO auth0_sync;
GO
