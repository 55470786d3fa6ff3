/** The instructor ends the run and has a new one begin, without a restart of anything. */
import express, { type Router } from 'express';
import { instructorOnly } from '../server/roles.ts';

export function resetRoute(reset: () => void): Router {
  const router = express.Router();
  router.post('/reset', instructorOnly, (_request, response) => {
    response.status(202).json({ reset: true });
    // The answer goes out before the page's server ends with the run.
    response.once('finish', () => setTimeout(reset, 50));
  });
  return router;
}
