// How to log in to a database: one box, by user and by tool. No password; the reader's own AWS rights fetch it.
import { code, dialect, tabs } from "./boxes.js";
import { note, segments } from "./parts.js";
import { html, nothing } from "./vendor/lit-html.js";

/** @typedef {import("./types.js").User} User */
/** @typedef {{ engine: string, host: string, port: number, name: string, secret: string, user: User, roots: string }} Where */

const FILE = "rds-certificates.pem";

/** @type {Record<User, string>} */
const MAY = {
  application: "reads, writes and changes tables.",
  read_only: "reads tables, those included that are made later.",
  master: "may do all that RDS lets a user do. Not for programs.",
};

/** The name of a secret, which its ARN ends in with six characters more. @param {string} arn */
export function secretName(arn) {
  return (arn.split(":secret:")[1] ?? arn).replace(/-[A-Za-z0-9]{6}$/, "");
}

/** Whom one can connect as; without the master while the others are being made. @param {import("./types.js").Database} one @returns {User[]} */
export function users(one) {
  const about = one.connection;
  if (!about) return [];
  const names = about.users.map((user) => user.name);
  return about.users_state === "pending" ? names.filter((name) => name !== "master") : names;
}

/** Where the roots are with which the server is verified. @param {string} path */
function certificates(path) {
  return new URL(`..${path}`, document.baseURI).href;
}

/** @param {Where} at */
function fetched(at) {
  return `SECRET=$(aws secretsmanager get-secret-value \\
  --secret-id "${at.secret}" \\
  --query SecretString --output text)`;
}

/** @param {Where} at as a shell writes it: the master's name stands in the secret alone */
const login = (at) => (at.user === "master" ? '$(jq -r .username <<< "$SECRET")' : at.user);

/** @type {Record<string, { label: string, engine?: string, text: (at: Where) => string }>} */
const WAYS = {
  psql: { label: "psql", engine: "postgres", text: (at) => `# once: the roots that the server is verified with
curl -sS -o ${FILE} ${at.roots}

${fetched(at)}
export PGPASSWORD=$(jq -r .password <<< "$SECRET")

psql "host=${at.host} port=${at.port} \\
  dbname=${at.name} user=${login(at)} sslmode=verify-full sslrootcert=${FILE}"` },
  mysql: { label: "mysql", engine: "mysql", text: (at) => `# once: the roots that the server is verified with
curl -sS -o ${FILE} ${at.roots}

${fetched(at)}
export MYSQL_PWD=$(jq -r .password <<< "$SECRET")

mysql --host=${at.host} --port=${at.port} --user=${login(at)} \\
  --ssl-mode=VERIFY_IDENTITY --ssl-ca=${FILE} ${at.name}` },
  url: { label: "URL", text: (at) => at.engine === "postgres" ? `# without a password; libraries take it from PGPASSWORD
postgresql://${at.user === "master" ? "USER" : at.user}@${at.host}:${at.port}/${at.name}?sslmode=verify-full&sslrootcert=${FILE}` : `# without a password; put it in from the secret
mysql://${at.user === "master" ? "USER" : at.user}@${at.host}:${at.port}/${at.name}?ssl-mode=VERIFY_IDENTITY&ssl-ca=${FILE}` },
  python: { label: "Python", text: (at) => at.engine === "postgres" ? `# pip install boto3 "psycopg[binary]"; once: curl -sS -o ${FILE} ${at.roots}
import json, boto3, psycopg

secret = json.loads(boto3.client("secretsmanager").get_secret_value(
    SecretId="${at.secret}")["SecretString"])

with psycopg.connect(
    host="${at.host}", port=${at.port}, dbname="${at.name}",
    user=secret["username"], password=secret["password"],
    sslmode="verify-full", sslrootcert="${FILE}") as db:
    print(db.execute("select version()").fetchone())` : `# pip install boto3 pymysql; once: curl -sS -o ${FILE} ${at.roots}
import json, boto3, pymysql

secret = json.loads(boto3.client("secretsmanager").get_secret_value(
    SecretId="${at.secret}")["SecretString"])

db = pymysql.connect(
    host="${at.host}", port=${at.port}, database="${at.name}",
    user=secret["username"], password=secret["password"],
    ssl_ca="${FILE}", ssl_verify_identity=True)` },
  node: { label: "Node", text: (at) => `// npm install ${at.engine === "postgres" ? "pg" : "mysql2"} @aws-sdk/client-secrets-manager
// once: curl -sS -o ${FILE} ${at.roots}
import { readFileSync } from "node:fs";
import ${at.engine === "postgres" ? "pg" : "mysql"} from "${at.engine === "postgres" ? "pg" : "mysql2/promise"}";
import { SecretsManager } from "@aws-sdk/client-secrets-manager";

const { SecretString } = await new SecretsManager().getSecretValue({
  SecretId: "${at.secret}" });
const s = JSON.parse(SecretString);
const where = { host: "${at.host}", port: ${at.port}, database: "${at.name}",
  user: s.username, password: s.password, ssl: { ca: readFileSync("${FILE}") } };
${at.engine === "postgres" ? "const db = new pg.Client(where);\nawait db.connect();" : "const db = await mysql.createConnection(where);"}` },
  java: { label: "Java", text: (at) => `// ${at.engine === "postgres" ? "org.postgresql:postgresql" : "com.mysql:mysql-connector-j"} and com.amazonaws.secretsmanager:aws-secretsmanager-jdbc
// the driver reads the secret, and reads it again after a rotation
var p = new java.util.Properties();
p.put("user", "${at.secret}");
var db = java.sql.DriverManager.getConnection(
    "jdbc-secretsmanager:${at.engine === "postgres" ? "postgresql" : "mysql"}://${at.host}:${at.port}/${at.name}?${at.engine === "postgres" ? `sslmode=verify-full&sslrootcert=${FILE}` : "sslMode=VERIFY_IDENTITY"}", p);` },
  environment: { label: "Environment", text: (at) => at.engine === "postgres" ? `PGHOST=${at.host}
PGPORT=${at.port}
PGDATABASE=${at.name}
${at.user === "master" ? "# PGUSER stands in the secret" : `PGUSER=${at.user}`}
PGSSLMODE=verify-full
PGSSLROOTCERT=${FILE}
# PGPASSWORD: let the platform inject it from this secret
DATABASE_SECRET=${at.secret}` : `DATABASE_HOST=${at.host}
DATABASE_PORT=${at.port}
DATABASE_NAME=${at.name}
${at.user === "master" ? "# the user stands in the secret" : `DATABASE_USER=${at.user}`}
# the password: let the platform inject it from this secret
DATABASE_SECRET=${at.secret}` },
};

/** What a box shows: the user and the tool that the reader chose. */
export class Connect {
  /** @param {() => void} draw @param {string} [way] */
  constructor(draw, way = "") {
    this.draw = draw;
    this.way = way;
    /** @type {User | ""} */
    this.user = "";
  }

  /** The switch between users; nothing while there is no choice. @param {import("./types.js").Database} one */
  switch(one) {
    const known = users(one);
    const chosen = this.chosen(known, one.connection?.default_user);
    return known.length
      ? html`<div class="row push"><span class="small sub">as</span>${segments(known.map((user) => ({ id: user, label: user })), chosen, "Connect as", (user) => this.choose({ user }))}</div>`
      : nothing;
  }

  /** @param {User[]} known @param {User | ""} [first] whom the API proposes @returns {User | ""} */
  chosen(known, first = "") {
    return known.find((user) => user === this.user) ?? known.find((user) => user === first) ?? known[0] ?? "";
  }

  /** @param {Partial<{ user: string, way: string }>} choice */
  choose(choice) {
    Object.assign(this, choice);
    this.draw();
  }

  /** @param {import("./types.js").Database} one */
  view(one) {
    const about = one.connection;
    const user = this.chosen(users(one), about?.default_user);
    const secret = about?.users.find((known) => known.name === user)?.secret_arn;
    if (!about || !user || !secret) {
      return html`<div class="body first">${note("accent", "info", html`<p role="status"><b>The users are being made.</b> Usually this takes some seconds after the database is there.</p>`)}</div>`;
    }
    const at = { engine: dialect(one.database_engine), host: about.host, port: about.port ?? 0, name: about.dbname ?? one.database_name, secret: secretName(secret), user, roots: certificates(about.certificates) };
    const ways = Object.entries(WAYS).filter(([, way]) => !way.engine || way.engine === at.engine).map(([id, way]) => ({ id, label: way.label }));
    const way = ways.find((one) => one.id === this.way) ?? ways[0];
    if (!way) return nothing;
    return html`${about.users_state === "failed" ? html`<div class="body first">${note("warn", "alert", html`<p><b>application and read_only could not be made.</b> The history says why.</p>`)}</div>` : nothing}${tabs(ways, way.id, "Connect with", (id) => this.choose({ way: id }))}
      <div class="body" role="tabpanel" id="panel-Connect-with" aria-labelledby="tab-${way.id}">${code(WAYS[way.id]?.text(at) ?? "", `Connect with ${way.label}`)}
      <p class="small sub above" aria-live="polite"><b class="ink">${user}</b> ${MAY[user]} This page never has the password: your own AWS rights fetch it. You need to be in a network that the database lets in.${one.capacity?.pause_after ? " It may be asleep: the first connection takes 15 seconds or more, so give it a minute." : ""}</p></div>`;
  }
}
