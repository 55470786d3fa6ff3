/**
 * The tools that judge our protocols and captures from outside. They are Debian packages, installed where that may be done
 * without asking anybody; where not, the checks that need them are skipped, and it is said which and why.
 */
import { spawnSync } from 'node:child_process';

/** Judge, the Debian package that brings it, how to see that it is there, and what goes unchecked without it. */
export const JUDGES = [
  { name: 'chromium', package: 'chromium', probe: ['chromium', '--version'], checks: 'the page in a real browser' },
  { name: 'tshark', package: 'tshark', probe: ['tshark', '--version'], checks: 'captures as Wireshark reads them' },
  { name: 'nmap', package: 'nmap', probe: ['nmap', '--version'], checks: 'scans of the range through gates' },
  { name: 'mbpoll', package: 'mbpoll', probe: ['mbpoll', '-V'], checks: "Modbus against libmodbus's client" },
  {
    name: 'pymodbus',
    package: 'python3-pymodbus',
    // Debian's own interpreter: packages of apt are not seen by another python3 that stands first on the path.
    probe: ['/usr/bin/python3', '-c', 'import pymodbus'],
    checks: "Modbus against pymodbus's client",
  },
  {
    name: 'mosquitto',
    package: 'mosquitto-clients',
    probe: ['sh', '-c', 'command -v mosquitto_pub && command -v mosquitto_sub'],
    checks: "MQTT against mosquitto's clients",
  },
  { name: 'snmp', package: 'snmp', probe: ['snmpget', '--version'], checks: "SNMP against net-snmp's tools" },
  { name: 'tcpdump', package: 'tcpdump', probe: ['tcpdump', '--version'], checks: 'capture from a live interface' },
];

const present = (judge) =>
  spawnSync(judge.probe[0], judge.probe.slice(1), { stdio: 'ignore', timeout: 60_000 }).status === 0;

/** Installs what is missing where that may be done; says on stderr what is then skipped. Returns the judges that are there. */
export function prepareJudges() {
  let missing = JUDGES.filter((judge) => !present(judge));
  if (missing.length > 0) {
    const why = install(missing.map((judge) => judge.package));
    missing = missing.filter((judge) => !present(judge));
    for (const judge of missing)
      process.stderr.write(`Skipped without ${judge.name}: ${judge.checks} (${why ?? 'apt-get did not bring it'}).\n`);
  }
  return JUDGES.filter((judge) => !missing.includes(judge)).map((judge) => judge.name);
}

/** A mirror that stumbles is asked again, and another apt-get is waited for. */
const PATIENT = ['-o', 'Acquire::Retries=3', '-o', 'DPkg::Lock::Timeout=120'];

/** Returns why the packages could not be installed, undefined when they were. */
function install(packages) {
  if (process.platform !== 'linux' || spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0)
    return `no apt-get here; install ${packages.join(', ')} by other means`;
  const root = process.getuid() === 0;
  if (!root && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0)
    return `needs root: sudo apt-get install ${packages.join(' ')}`;
  process.stderr.write(`Installing the judges ${packages.join(', ')} ...\n`);
  const apt = (...args) =>
    spawnSync(root ? 'apt-get' : 'sudo', [...(root ? [] : ['-n', 'apt-get']), '-q', ...PATIENT, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      encoding: 'utf8',
      timeout: 300_000,
    });
  apt('update');
  const get = (...names) => apt('install', '-y', '--no-install-recommends', ...names);
  if (get(...packages).status === 0) return undefined;
  // One that cannot be had must not keep the others away.
  const failed = packages.map((name) => get(name)).filter(({ status }) => status !== 0);
  return failed.length === 0 ? undefined : `apt-get failed: ${failed[0].stderr?.trim().split('\n').at(-1)}`;
}
