/** What did not work, in the server's words; nothing while all is well. */
export function Failure({ text }: { text: string | undefined }) {
  return <div role="alert">{text !== undefined && <p className="failure">{text}</p>}</div>;
}
