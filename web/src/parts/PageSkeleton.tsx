import { Skeleton, Stack } from '@mantine/core';

/** While a page is on its way. */
export function PageSkeleton() {
  return (
    <Stack p="lg" gap="lg" aria-busy="true">
      <Skeleton h={30} w="min(320px, 60%)" />
      <Skeleton h={120} radius="lg" />
      <Skeleton h={320} radius="lg" />
    </Stack>
  );
}
