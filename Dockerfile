# Two stages on a supported Node: the first compiles, the second runs as a person without rights.
FROM node:24-bookworm AS build
WORKDIR /src
RUN apt-get update && apt-get install -y --no-install-recommends python3 make g++ && rm -rf /var/lib/apt/lists/*
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.base.json tsconfig.json ./
COPY gateway gateway
COPY recordings recordings
COPY policies policies
COPY web web
RUN npm run build && npm prune --omit=dev

FROM node:24-bookworm-slim
WORKDIR /app
RUN groupadd --gid 10001 gatehouse && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin gatehouse \
 && mkdir -p /data /keys && chown 10001:10001 /data /keys && chmod 0700 /data /keys
COPY --from=build --chown=root:root /src/package.json ./
COPY --from=build --chown=root:root /src/node_modules node_modules
COPY --from=build --chown=root:root /src/dist dist
COPY --from=build --chown=root:root /src/policies policies
COPY --from=build --chown=root:root /src/gateway/gatehouse.mjs gateway/gatehouse.mjs
USER 10001:10001
ENV NODE_ENV=production GATEHOUSE_DATA=/data
EXPOSE 2222 8443
VOLUME ["/data", "/keys"]
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s CMD ["node", "gateway/gatehouse.mjs", "doctor", "--ready"]
CMD ["node", "gateway/gatehouse.mjs", "start"]
