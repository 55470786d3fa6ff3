/**
 * What must be answered before anything else: the browser's own dialog, which keeps the focus, gives it back and closes on Escape. It needs no
 * style written into the page, which the security policy forbids.
 */
import { type ReactNode, useLayoutEffect, useRef } from 'react';

export function Modal({
  className,
  label,
  onClose,
  children,
}: {
  className: string;
  label: string;
  onClose: () => void;
  children: ReactNode;
}) {
  const box = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = box.current as HTMLDialogElement;
    dialog.showModal();
    // A click beside it; Escape does the same from the keyboard.
    const beside = (event: MouseEvent) => {
      if (event.target === dialog) onCloseNow.current();
    };
    dialog.addEventListener('mousedown', beside);
    return () => {
      dialog.removeEventListener('mousedown', beside);
      dialog.close();
    };
  }, []);
  const onCloseNow = useRef(onClose);
  onCloseNow.current = onClose;
  return (
    <dialog ref={box} className={className} aria-label={label} onClose={() => box.current?.open === false && onClose()}>
      {children}
    </dialog>
  );
}
