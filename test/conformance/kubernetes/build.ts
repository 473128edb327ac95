import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeOnce, realFolder, tell } from '../cached.ts';
import { runCommand } from '../command.ts';

/** The version that go.mod names. */
export const KUBERNETES_VERSION = '1.36.3';

const SOURCES = ['main.go', 'go.mod', 'go.sum'];
const BUILD_WITHIN_MS = 3_600_000;

/** The program that is etcd, the API server, the controllers, the scheduler and kwok. */
export function controlPlane(): string {
  return join(realFolder('kubernetes'), 'bin', 'kubebox');
}

/** Without these the binary would call itself v0.0.0. */
function linkerFlags(): string {
  const [major = '', minor = ''] = KUBERNETES_VERSION.split('.');
  const stamps = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].map(
    (path) =>
      ` -X ${path}.gitVersion=v${KUBERNETES_VERSION} -X ${path}.gitMajor=${major} -X ${path}.gitMinor=${minor}`,
  );
  return `-s -w ${stamps.join('')}`;
}

/** Builds the control plane from pinned modules, which takes Go 1.26 and, the first time, minutes. Raises `unavailable`. */
export async function buildKubernetes(): Promise<void> {
  const folder = realFolder('kubernetes');
  const digest = createHash('sha256').update(linkerFlags());
  for (const name of SOURCES) digest.update(await readFile(join(import.meta.dirname, name)));
  await makeOnce(folder, digest.digest('hex'), async () => {
    tell(`building Kubernetes ${KUBERNETES_VERSION}; the first time takes about ten minutes`);
    await mkdir(join(folder, 'bin'), { recursive: true });
    await runCommand({
      program: 'go',
      args: ['build', '-trimpath', '-ldflags', linkerFlags(), '-o', controlPlane(), '.'],
      cwd: import.meta.dirname,
      environment: {
        CGO_ENABLED: '0',
        GOTOOLCHAIN: 'local',
        GOFLAGS: '-buildvcs=false -modcacherw',
        GOMODCACHE: join(folder, 'gomod'),
        GOCACHE: join(folder, 'gocache'),
      },
      timeoutMs: BUILD_WITHIN_MS,
    });
  });
}
