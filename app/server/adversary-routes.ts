/** GET and POST /api/adversary: the management channel over HTTP, behind the token like everything of the API. */
import { adversaryReport, PenstockError } from '@penstock/core';
import express, { type Router } from 'express';
import type { Adversaries } from './adversaries.ts';
import { instructorOnly } from './roles.ts';

/** A report says little; anything larger is not one of ours. */
const LARGEST = '32kb';
const STATUS: Readonly<Record<string, number>> = { run: 409, scope: 422, limit: 429 };

export function adversaryRoutes(adversaries: Adversaries): Router {
  const router = express.Router();
  router.use('/adversary', instructorOnly);
  router.get('/adversary', (_request, response) => {
    response.json(adversaries.describe());
  });
  router.post('/adversary', express.json({ limit: LARGEST }), async (request, response) => {
    const report = adversaryReport.safeParse(request.body);
    if (!report.success) {
      const [issue] = report.error.issues;
      response.status(400).json({ error: `this is no report: ${issue?.path.join('.')}: ${issue?.message}` });
      return;
    }
    try {
      await adversaries.take(report.data);
      response.status(204).end();
    } catch (error) {
      if (!(error instanceof PenstockError)) throw error;
      response.status(STATUS[error.id.replace('adversary.', '')] ?? 500).json({ error: error.message });
    }
  });
  return router;
}
