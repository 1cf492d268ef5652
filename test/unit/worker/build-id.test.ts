import {
  buildIdOf,
  buildOfQueue,
  deploymentOf,
  fleetOf,
  isNewer,
  queueOfBuild,
  queuesOf,
} from '../../../src/contract/build-id';

const seen = (build: string, firstSeen = 0): { build: string; firstSeen: number } => ({ build, firstSeen });

describe('a build id', () => {
  it('is the version of the engine and the beginning of the digest', () => {
    expect(buildIdOf('0.2.0', '9f31c07a00ff')).toBe('0.2.0+9f31c07a');
  });

  it.each([
    ['0.2.0+aaaaaaaa', '0.1.9+ffffffff'],
    ['0.10.0+aaaaaaaa', '0.9.0+aaaaaaaa'],
    ['1.0.0+aaaaaaaa', '1.0.0-rc.1+aaaaaaaa'],
    ['1.0.0-rc.2+aaaaaaaa', '1.0.0-rc.1+aaaaaaaa'],
    ['somebody-elses', '0.1.0+aaaaaaaa'],
  ])('%s is newer than %s, whichever was seen first', (newer, older) => {
    expect([isNewer(seen(newer, 1), seen(older, 2)), isNewer(seen(older, 2), seen(newer, 1))]).toEqual([true, false]);
  });

  it('of one version is newer where it was seen later, and never newer than itself', () => {
    const [one, other] = [seen('0.1.0+aaaaaaaa', 5), seen('0.1.0+bbbbbbbb', 6)];
    expect([isNewer(other, one), isNewer(one, other), isNewer(one, one)]).toEqual([true, false, false]);
  });
});

describe('the queues of a build', () => {
  it('are found from the fleet and lead back to it, also where its own name has dashes', () => {
    const queue = queueOfBuild('crm-eu', '0.1.0-rc.1+9f31c07a');
    expect(queue).toBe('crm-eu-0.1.0-rc.1+9f31c07a');
    expect([fleetOf(queue), buildOfQueue(queue)]).toEqual(['crm-eu', '0.1.0-rc.1+9f31c07a']);
    expect([fleetOf('crm-eu'), buildOfQueue('crm-eu')]).toEqual(['crm-eu', null]);
    expect(queueOfBuild(queue, '0.2.0+00000000')).toBe('crm-eu-0.2.0+00000000');
    expect(queuesOf('crm-eu')).toEqual(['crm-eu', 'crm-eu-copy']);
  });

  it('belong to a deployment whose name Temporal takes', () => {
    expect([deploymentOf('rowproof'), deploymentOf('crm.eu:1')]).toEqual(['rowproof', 'crm-eu-1']);
  });
});
