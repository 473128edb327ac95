# Debian, not Alpine: Temporal's core is a glibc build. Not built in this repository's tests.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --include=dev
COPY . .
RUN node --import tsx scripts/build.ts

FROM node:24-bookworm-slim AS packages
WORKDIR /packages
COPY package.json package-lock.json .npmrc ./
# The embedded Postgres is optional and not for images; of Temporal's core only this platform's build stays.
RUN npm ci --ignore-scripts --omit=dev --omit=optional && \
    find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 -type d \
      ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -rf {} +

FROM node:24-bookworm-slim
ENV NODE_ENV=production FIREBREAK_DATA_DIR=/var/lib/firebreak
RUN install --directory --owner=node --group=node --mode=0700 /var/lib/firebreak
WORKDIR /app
COPY --from=packages /packages/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE NOTICE ./
USER node
VOLUME /var/lib/firebreak
EXPOSE 7400
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["start"]
