/** A view that failed says so, and leaves the rest of the page as it is. */
import { Component, type ReactNode } from 'react';

interface Props {
  /** What to say, and what the button says. */
  readonly message: string;
  readonly again: string;
  readonly children: ReactNode;
}

export class FailedView extends Component<Props, { readonly error: Error | undefined }> {
  override state = { error: undefined as Error | undefined };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <div className="waiting" role="alert">
        <p>{this.props.message}</p>
        <p>
          <code>{error.message}</code>
        </p>
        <button type="button" className="button" onClick={() => this.setState({ error: undefined })}>
          {this.props.again}
        </button>
      </div>
    );
  }
}
